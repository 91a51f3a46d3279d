# The part of optax that Thalweg uses: optax has hints, but no marker that tells type checkers to trust them.
# All it knows of parameters, gradients and states is that they are pytrees of arrays: Any.

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

Tree = TypeVar("Tree")

class GradientTransformation(NamedTuple):
    init: Callable[[Any], Any]
    update: Callable[..., tuple[Any, Any]]

class GradientTransformationExtraArgs(GradientTransformation): ...
class ScaleByZoomLinesearchState(NamedTuple): ...

Schedule = Callable[[Any], Any]
_Maker = Callable[..., GradientTransformationExtraArgs]
_ScheduleMaker = Callable[..., Schedule]

def apply_updates(params: Tree, updates: Any) -> Tree: ...
def chain(*transformations: GradientTransformation) -> GradientTransformationExtraArgs: ...
def clip_by_global_norm(max_norm: Any) -> GradientTransformation: ...
def identity() -> GradientTransformation: ...
def with_extra_args_support(optimizer: GradientTransformation) -> GradientTransformationExtraArgs: ...

adabelief: _Maker
adadelta: _Maker
adagrad: _Maker
adam: _Maker
adamax: _Maker
adamaxw: _Maker
adamw: _Maker
adan: _Maker
amsgrad: _Maker
fromage: _Maker
lamb: _Maker
lars: _Maker
lbfgs: _Maker
lion: _Maker
nadam: _Maker
nadamw: _Maker
novograd: _Maker
optimistic_gradient_descent: _Maker
radam: _Maker
rmsprop: _Maker
rprop: _Maker
sgd: _Maker
sign_sgd: _Maker
sm3: _Maker
yogi: _Maker

constant_schedule: _ScheduleMaker
cosine_decay_schedule: _ScheduleMaker
cosine_onecycle_schedule: _ScheduleMaker
exponential_decay: _ScheduleMaker
linear_onecycle_schedule: _ScheduleMaker
linear_schedule: _ScheduleMaker
polynomial_schedule: _ScheduleMaker
warmup_constant_schedule: _ScheduleMaker
warmup_cosine_decay_schedule: _ScheduleMaker
warmup_exponential_decay_schedule: _ScheduleMaker

def __getattr__(name: str) -> Any: ...
