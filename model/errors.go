package model

import "errors"

// ErrUnavailable is what an error of Session.Predict wraps when the engine is away:
// a process that starts again, a device that was lost. No row is at fault, and the
// same rows may be predicted when it is back.
var ErrUnavailable = errors.New("the engine is not available at the moment")
