"""Every way to teach a student by its name; what each needs is in `udviz.recipe.methods`."""

from udviz.method.teaching.cam import cam
from udviz.method.teaching.distillation import kd, pdd, ud
from udviz.method.teaching.ground_truth import cal, none
from udviz.method.teaching.mld import mld
from udviz.method.teaching.step import Teach
from udviz.vocabulary import Method

TEACH: dict[Method, Teach] = {
    "none": none,
    "cal": cal,
    "kd": kd,
    "pdd": pdd,
    "ud": ud,
    "mld": mld,
    "cam": cam,
}
