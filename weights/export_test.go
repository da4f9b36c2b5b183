package weights

// What tests of this package see of its inside.
const MaxJSON = maxJSON

var PredictOnce = predictOnce
