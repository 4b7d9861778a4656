//! The syntax tree: what stands in the text, with the place of each piece.

use crate::Span;

/// A whole text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// Its statements, in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// From its first to its last character.
    pub span: Span,
    /// What it is.
    pub kind: StatementKind,
}

/// The kinds of statement.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `import a.b`, `import a.b as c`, one entry a comma.
    Import(Vec<ImportedModule>),
    /// `from a.b import c, d as e`.
    FromImport {
        /// The dotted module.
        module: DottedName,
        /// What is imported from it.
        names: ImportedNames,
    },
    /// `target = value`; also `a = b = value` (several targets, left to right).
    Assign {
        /// What is bound, left to right.
        targets: Vec<Target>,
        /// The value.
        value: Expression,
    },
    /// `name += value` and its kin.
    AugmentedAssign {
        /// What is rebound.
        target: Name,
        /// The operator before `=`.
        operator: BinaryOperator,
        /// The right-hand side.
        value: Expression,
    },
    /// An expression for its effect: `model.add(…)`.
    Expression(Expression),
    /// `assert condition, message`.
    Assert {
        /// What must hold.
        condition: Expression,
        /// What to say when it does not.
        message: Option<Expression>,
    },
    /// `for target in iterable:` with its body.
    For {
        /// What is bound at each turn.
        target: Target,
        /// What is walked.
        iterable: Expression,
        /// The statements of the body, at least one.
        body: Vec<Statement>,
    },
    /// `pass`, or an ellipsis alone.
    Pass,
}

/// `a.b as c` of an `import`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedModule {
    /// The dotted module.
    pub module: DottedName,
    /// The name given with `as`.
    pub alias: Option<Name>,
}

/// What follows `from … import`.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportedNames {
    /// `*`, at this place.
    All(Span),
    /// Named ones.
    Names(Vec<ImportedName>),
}

/// `c as d` of a `from … import`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedName {
    /// The name in the module.
    pub name: Name,
    /// The name given with `as`.
    pub alias: Option<Name>,
}

/// `a.b.c`.
#[derive(Clone, Debug, PartialEq)]
pub struct DottedName {
    /// Its parts joined by dots, without blanks.
    pub text: String,
    /// All of it.
    pub span: Span,
}

/// An identifier at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The identifier.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What an assignment or a loop binds.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// One name.
    Name(Name),
    /// `a, b` or `(a, b)` or `[a, b]`, possibly nested.
    Tuple(Vec<Target>, Span),
    /// `*a` in such a list, once at most: what the others leave.
    Starred(Name),
}

/// An expression at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// All of it, its own parentheses included.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// `42`, `0x2a`, `1_000`. Literals beyond i128 are reported by the parser.
    Integer(i128),
    /// `1.5`, `1e-3`.
    Float(f64),
    /// `'…'`, `"…"`, with escapes replaced and adjacent literals joined.
    String(String),
    /// `True` or `False`.
    Boolean(bool),
    /// `None`.
    None,
    /// `...`
    Ellipsis,
    /// A name.
    Name(String),
    /// `(a, b)`, `a, b`, `()`.
    Tuple(Vec<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{key: value}`.
    Dictionary(Vec<(Expression, Expression)>),
    /// `*value` in a list or tuple: its items.
    Starred(Box<Expression>),
    /// `[element for target in iterable if condition]`.
    Comprehension {
        /// What is computed at each turn.
        element: Box<Expression>,
        /// Its loops, each within the one before; at least one.
        clauses: Vec<Clause>,
    },
    /// `f"…{value}…"`: texts and values in turn.
    Formatted(Vec<Piece>),
    /// `value.attribute`.
    Attribute {
        /// Left of the dot.
        value: Box<Expression>,
        /// Right of the dot.
        attribute: Name,
    },
    /// `function(arguments)`.
    Call {
        /// What is called.
        function: Box<Expression>,
        /// The arguments in the order of the text.
        arguments: Vec<Argument>,
        /// From `(` to `)`.
        parentheses: Span,
    },
    /// `value[index, …]`.
    Subscript {
        /// What is indexed.
        value: Box<Expression>,
        /// One entry a comma.
        indices: Vec<Index>,
    },
    /// `-a`, `+a`, `not a`.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// What it applies to.
        operand: Box<Expression>,
    },
    /// `a + b` and its kin.
    Binary {
        /// Left side.
        left: Box<Expression>,
        /// The operator.
        operator: BinaryOperator,
        /// Right side.
        right: Box<Expression>,
    },
    /// `a < b <= c`: the first operand, then operator and operand in turn.
    Comparison {
        /// The leftmost operand.
        first: Box<Expression>,
        /// The rest, at least one.
        rest: Vec<(ComparisonOperator, Expression)>,
    },
    /// `a and b and c`, `a or b`.
    Logic {
        /// `and` or `or`.
        operator: LogicOperator,
        /// At least two.
        operands: Vec<Expression>,
    },
    /// `a if condition else b`.
    Conditional {
        /// The value where the condition holds.
        then: Box<Expression>,
        /// The condition.
        condition: Box<Expression>,
        /// The value where it does not.
        otherwise: Box<Expression>,
    },
}

/// A loop of a comprehension.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// What is bound at each turn.
    pub target: Target,
    /// What is walked.
    pub iterable: Expression,
    /// What must hold for a turn to count.
    pub conditions: Vec<Expression>,
}

/// A piece of an f-string.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text as it stands, escapes replaced.
    Text(String),
    /// `{value!r:02d}`.
    Field {
        /// What is shown.
        value: Expression,
        /// Whether as `repr` shows it.
        is_repr: bool,
        /// What follows the `:`; empty where there is none.
        format: String,
    },
}

/// Whether an argument stands for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// It stands for itself.
    No,
    /// `*items`.
    Items,
    /// `**pairs`.
    Pairs,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its keyword, where it has one.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expression,
    /// Whether it stands for several.
    pub spread: Spread,
    /// All of it.
    pub span: Span,
}

/// One entry of a subscript.
#[derive(Clone, Debug, PartialEq)]
pub enum Index {
    /// A plain index.
    At(Expression),
    /// `from:to:step`, each optional.
    Slice {
        /// First index.
        from: Option<Expression>,
        /// End, not included.
        to: Option<Expression>,
        /// Step.
        step: Option<Expression>,
        /// All of it.
        span: Span,
    },
}

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `not`
    Not,
    /// `~`
    Invert,
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Modulo,
    /// `**`
    Power,
    /// `@`
    MatrixMultiply,
    /// `&`
    And,
    /// `|`
    Or,
    /// `^`
    ExclusiveOr,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonOperator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// `and`, `or`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogicOperator {
    /// `and`
    And,
    /// `or`
    Or,
}
