// Package nearest finds what somebody who mistyped a name may have meant. It
// judges by letters alone and knows no synonyms.
package nearest

import (
	"slices"
	"strings"
)

// Of is the one of known, of which there is one at least, that is written most
// like name; case counts for nothing, nor does an underscore for a dash.
func Of(name string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
}

// distance is how many characters are to be put in, left out or changed to make one
// name of the other; an underscore for a dash counts as none.
func distance(a, b string) int {
	a, b = alike(a), alike(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func alike(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "-")) }
