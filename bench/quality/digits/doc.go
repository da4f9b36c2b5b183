// Package digits holds an experiment alone: calibrated confidence and sets on handwritten
// digits that the built-in model was never trained on, as they are, and with noise,
// faded, rotated, blurred and inverted. README.md has the result.
//
// Its contract: one seed, one result. It serves nothing and is part of no program.
package digits
