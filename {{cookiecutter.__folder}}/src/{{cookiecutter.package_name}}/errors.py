"""The one error that people see without a traceback."""


class UserError(Exception):
    """Something that the reader of the message can mend: it names the cause and the cure."""


class SchemaError(UserError, ValueError):
    """A schema that contradicts itself."""


class DivergedError(UserError):
    """Training came to no number with these hyperparameters: others may do."""
