package quality

import (
	"errors"
	"strconv"
	"strings"
)

// names finds the class that a label means.
type names struct {
	written map[string]int // class by name
	// equal is class by the value of its name, for names that are numbers, in
	// the form of canonical; several where more than one has the value.
	equal map[string]int
}

// several stands for classes whose names are the same number.
const several = -1

func newNames(classes []string) names {
	n := names{written: make(map[string]int, len(classes)), equal: make(map[string]int)}
	for i, class := range classes {
		n.written[class] = i
		if value, ok := canonical(class); ok {
			if _, taken := n.equal[value]; taken {
				i = several
			}
			n.equal[value] = i
		}
	}
	return n
}

// number finds the class that a number means, by the digits as they were sent:
// that of this very name, or else the one whose name has the same value. It
// returns several where there are more than one.
func (n *names) number(digits string) (class int, ok bool) {
	if class, ok = n.written[digits]; ok || len(n.equal) == 0 {
		return class, ok
	}
	if len(digits) > mostDigits {
		return 0, false
	}
	value, isNumber := canonical(digits)
	if !isNumber {
		return 0, false
	}
	class, ok = n.equal[value]
	return class, ok
}

// readName finds the class that a label names.
func readName(n *names, classes []string, row int, l Label) (class int, err error) {
	if l.IsList {
		return 0, &BadLabelError{Row: row, Got: l.described(), Expected: oneOf(classes)}
	}
	if l.IsText {
		class, ok := n.written[l.Text]
		if !ok {
			return 0, &BadLabelError{Row: row, Got: l.described(), Expected: oneOf(classes)}
		}
		return class, nil
	}
	class, ok := n.number(l.digits())
	switch {
	case !ok:
		return 0, &BadLabelError{Row: row, Got: l.described(), Expected: oneOf(classes)}
	case class == several:
		return 0, &BadLabelError{Row: row, Got: l.described(), Expected: "the name of one class as a string: several classes have this value"}
	default:
		return class, nil
	}
}

// mostDigits is how long a number may be that is compared by value: no name is
// longer, and others wait for the store meanwhile.
const mostDigits = 1 << 10

// canonical writes a decimal number in the one form that all of its value have:
// a minus sign, the digits from the first to the last that is not 0, and the
// exponent of the last. No digit is lost, as some would be in a float64. ok is
// false for what is no decimal number, and for exponents beyond 32 bits.
func canonical(text string) (value string, ok bool) {
	mantissa, power, beyond := text, 0, false
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		exponent, err := strconv.ParseInt(text[e+1:], 10, 32)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return "", false
		}
		beyond = err != nil
		mantissa, power = text[:e], int(exponent)
	}
	negative := strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	power -= len(fraction)
	significant := strings.TrimRight(digits, "0")
	power += len(digits) - len(significant)
	significant = strings.TrimLeft(significant, "0")
	if significant == "" {
		return "0", true
	}
	if beyond {
		return "", false
	}
	sign := ""
	if negative {
		sign = "-"
	}
	return sign + significant + "e" + strconv.Itoa(power), true
}
