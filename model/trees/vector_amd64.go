package trees

func vectorKernels() []kernel { return nil }
