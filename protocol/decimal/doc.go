// Package decimal reads decimal numbers as JSON writes them (RFC 8259), strictly
// and correctly rounded to float32. It knows numbers, and the commas between
// them, but nothing of the text around.
//
// It allocates nothing, and keeps nothing that it is given.
package decimal
