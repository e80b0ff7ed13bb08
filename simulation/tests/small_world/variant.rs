/// A way in which replicas are wrong, to prove that it is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// A replica that has lost its memory goes on under its old name.
    KeepsItsName,
}
