// Package measure is the arithmetic of quality: what predictions and their late
// labels say of a model, over whatever rows one likes.
//
// A Tally adds rows up and Merges with others, so that the measures of a day are
// those of its minutes together: nothing is averaged over averages. Its measures are
// methods that return nil where nothing was measured. What rows do not add up to
// has functions of its own: PerClass over a confusion matrix, Curves of two classes,
// Quantiles and Histogram of residuals, Compare of slices, and Estimate for rows
// whose labels have yet to come.
//
// Every measure is that of scikit-learn, scipy or the paper that it names, to 1e-9:
// testdata/oracle.py says which. docs/quality.md tells people what each one means,
// and when it misleads.
package measure
