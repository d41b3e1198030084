"""`dataclass`, `field` and `replace` as in the standard library, but quick to make.

Type checkers see the standard library's, and so does who asks one of these classes for its fields
(`dataclasses.asdict` and the like). The standard library compiles up to six methods for each
class; here all classes with as many fields share one compiled ``__init__``, each with its names in
it, and the others are shared by all: the 150 classes and the rest of the app's own modules take
27 ms to import instead of 134. Fields with defaults, given by position or name, are all that is
known here.

That a value is frozen is held by the type checkers alone, which see every line of the app: to
refuse at run time too makes each value twice as dear, and some 30 are made for a sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
else:
    from functools import cache
    from operator import attrgetter
    from types import FunctionType

    class field:
        """A default that is made anew for each object."""

        __slots__ = ("default_factory",)

        def __init__(self, *, default_factory):
            self.default_factory = default_factory

    def dataclass(*, frozen=False, slots):
        """Make a value of a class with annotations: equal when its fields are."""
        assert slots

        def make(cls):
            annotations = cls.__annotations__
            names = tuple(annotations)
            own = dict(vars(cls))
            defaults = {name: own.pop(name) for name in names if name in own}
            for name in ("__dict__", "__weakref__"):
                own.pop(name, None)
            own |= {"__slots__": names, "__match_args__": names, "__qualname__": cls.__qualname__}
            own.setdefault("__repr__", _repr)
            # Of one name attrgetter returns no tuple (so it is given twice), and of none an error.
            values = attrgetter(*names, *names[: 2 - len(names)]) if names else lambda _: ()
            own["_values"] = staticmethod(values)
            own["__eq__"], hash_of = _comparing(values)
            own["__hash__"] = hash_of if frozen else None
            own["__dataclass_fields__"] = _Fields(annotations, defaults)
            made = type(cls)(cls.__name__, cls.__bases__, own)
            made.__init__ = _initialiser(made, defaults)
            return made

        return make

    def replace(value, /, **changes):
        """A copy with other values in some fields."""
        cls = value.__class__
        names = cls.__match_args__
        fields = dict(zip(names, cls._values(value), strict=False)) | changes
        # By position: of 47 fields each name would be looked for among 47.
        return cls(*fields.values()) if len(fields) == len(names) else cls(**fields)

    def _initialiser(cls, defaults):
        names = cls.__match_args__
        is_made = tuple(type(defaults.get(name)) is field for name in names)
        known = {}
        for index, name in enumerate(names):
            if is_made[index]:
                known[f"default_{index}"] = defaults[name]
                known[f"make_{index}"] = defaults[name].default_factory
        code = _initialiser_code(is_made)
        named = {f"_{index}": name for index, name in enumerate(names)}
        code = code.replace(
            co_varnames=("self", *names),
            co_names=tuple(named.get(name, name) for name in code.co_names),
            co_qualname=f"{cls.__qualname__}.__init__",
        )
        return FunctionType(code, known, "__init__", tuple(defaults.values()))

    @cache
    def _initialiser_code(is_made):
        """Compiled for so many fields, and for which of them a default is made."""
        lines = []
        for index, made in enumerate(is_made):
            given = f"_{index}"
            if made:
                given = f"make_{index}() if _{index} is default_{index} else _{index}"
            lines.append(f"  self._{index} = {given}\n")
        parameters = "".join(f", _{index}" for index in range(len(is_made)))
        known = {}
        exec(f"def __init__(self{parameters}):\n{''.join(lines) or '  pass'}", known)
        return known["__init__"].__code__

    def _comparing(values):
        def __eq__(self, other):
            if other is self:
                return True
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) == values(other)

        def __hash__(self):
            return hash(values(self))

        return __eq__, __hash__

    def _repr(self):
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{self.__class__.__qualname__}({shown})"

    class _Fields:
        """``__dataclass_fields__``, made when somebody asks."""

        __slots__ = ("_annotations", "_defaults")

        def __init__(self, annotations, defaults):
            self._annotations, self._defaults = annotations, defaults

        def __get__(self, _value, _cls):
            import dataclasses

            own = {
                name: dataclasses.field(default_factory=default.default_factory)
                if type(default) is field
                else default
                for name, default in self._defaults.items()
            }
            twin = type("twin", (), own | {"__annotations__": self._annotations})
            return dataclasses.dataclass(twin).__dataclass_fields__
