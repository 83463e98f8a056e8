"""What a process that is started inherits: what training needs, and nothing else of the app's.

A shell holds keys of clouds, tokens and passwords; a run reads hostile images.
"""

import os
import re
from collections.abc import Collection

from udviz.recipe.schema import Recipe

SECRETS = ("UDVIZ_PASSWORD",)
_NAMES = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "HOSTNAME", "TERM", "TZ", "LANG", "LANGUAGE"),
    *("TMPDIR", "TMP", "TEMP", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LD_PRELOAD"),
    *("DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
}
_BEGIN = (
    *("UDVIZ_", "LC_", "XDG_", "PYTHON", "CONDA_", "TORCH", "PYTORCH_", "CUDA_", "CUDNN_"),
    *("CUBLAS_", "NVIDIA_", "NCCL_", "GLOO_", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_"),
    *("NUMEXPR_", "MALLOC_", "UCX_", "FI_", "SLURM_", "SBATCH_"),
)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def named_by(recipe: Recipe) -> set[str]:
    """Variables that the recipe's paths speak of, as ``$COCO/images``."""
    paths = (recipe.data.root, recipe.teacher.weights, recipe.student.weights)
    return {a or b for path in paths for a, b in _VARIABLE.findall(path)}


def inherited(wanted: Collection[str] = ()) -> dict[str, str]:
    """What of this process's environment one that it starts gets.

    Args:
        wanted: Further variables by name.
    """
    return {name: value for name, value in os.environ.items() if _travels(name, wanted)}


def _travels(name: str, wanted: Collection[str]) -> bool:
    if name in SECRETS:
        return False
    return name in wanted or name.upper() in _NAMES or name.startswith(_BEGIN)
