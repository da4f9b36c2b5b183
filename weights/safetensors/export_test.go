package safetensors

// MaxHeader is the largest header that is read.
const MaxHeader = maxHeader
