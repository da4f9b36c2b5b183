// Package catalogue tries, row by row, what hostile and broken clients send, against
// the whole program in this process, beside healthy clients that go on throughout:
// these must get every answer, bit for bit, and the program must hold no more
// afterwards than before. How much slower they are served is reported, not judged.
//
// It has no code but its tests. docs/security.md is written from the same table.
package catalogue
