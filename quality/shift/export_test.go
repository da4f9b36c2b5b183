package shift

// The arithmetic, for the comparison with scipy.
var (
	ChiSquareTail   = chiSquareTail
	MoreOf          = moreOf
	RankTest        = rankTest
	LikelihoodRatio = likelihoodRatio
)

// FalseDiscovery returns q of each p.
func FalseDiscovery(p []float64) []float64 {
	all := make([]evidence, len(p))
	for i := range p {
		all[i].p = p[i]
	}
	return falseDiscovery(all)
}
