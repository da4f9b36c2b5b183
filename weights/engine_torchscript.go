package weights

import (
	"errors"
	"runtime"

	"penstock/model"
	"penstock/model/torch"
)

// buildTorchScript gives libtorch the very bytes whose hash was compared.
func buildTorchScript(b *Bundle, e entry, place Place) (built, error) {
	data, sum, err := b.readVerified(e.file, 0)
	if err != nil {
		return built{}, err
	}
	spec := b.manifest.spec
	opt := torch.Options{
		Output: torch.Probabilities, Temperature: b.manifest.temperature, Shape: b.manifest.shape,
		Device: place.Device, Ready: place.Workers, MaxRows: place.MaxBatch,
	}
	if place.Workers == 1 {
		opt.Threads = runtime.GOMAXPROCS(0) // nobody else would use them
	}
	switch {
	case spec.First().Kind == model.Values:
		opt.Output = torch.Value
	case e.logits:
		opt.Output = torch.Logits
	}
	m, err := torch.Load(data, spec, opt)
	if option, ok := errors.AsType[*torch.OptionError](err); ok && option.Field == "output" {
		return built{}, b.in("manifest.json", &BundleError{Field: "engines.torchscript.output", Problem: option.Problem, Err: err})
	}
	if err != nil {
		return built{}, err
	}
	return built{m, int64(len(data)), sum, nil}, nil
}
