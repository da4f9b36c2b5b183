"""Rows made ready for a model. This file's text goes into the model.py of bundles as it is."""

import numpy as np


def build(rows, columns, named):  # type: ignore[no-untyped-def]
    """Rows of float32 as the model was trained on them: a data frame, or an array of objects."""
    arrays = {}
    for i, column in enumerate(columns):
        values, dtype = rows[:, i].astype(np.float64), column["dtype"]
        if column["values"] is not None:
            known = np.array([*column["values"], "another category", np.nan], object)
            n = len(known) - 2
            values = known[np.where(np.isnan(values), n + 1, np.minimum(np.nan_to_num(values), n)).astype(np.intp)]
            if dtype == "category":
                import pandas as pd

                values = pd.Categorical(values, categories=column["values"])
            elif dtype == "str":
                import pandas as pd

                values = pd.array(values, dtype="str")
        elif dtype in ("int64", "bool", "object"):
            values = values.astype(dtype)
        arrays[column["name"]] = values
    if not named:
        return np.stack([np.asarray(a, object) for a in arrays.values()], axis=1)
    import pandas as pd

    return pd.DataFrame(arrays)
