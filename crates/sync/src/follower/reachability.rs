use bytes::Bytes;
use waypost_rest::{Code, Response};

/// What shows the source that its answers come here ([RFC 9175 §2.3]).
///
/// Who has not shown that is counted together with all who bear its address, and may be refused for what they asked. So it repeats
/// at once what was refused with an Echo value, though not again and again: see the [deviation](crate#deviation).
///
/// [RFC 9175 §2.3]: https://www.rfc-editor.org/rfc/rfc9175#section-2.3
#[derive(Debug, Default)]
pub(super) struct Reachability {
    /// The Echo value that came last.
    echo: Option<Bytes>,
    /// How often in a row a question was refused with one.
    refused: u32,
}

impl Reachability {
    /// Returns the value to show with a question.
    pub(super) fn echo(&self) -> Option<Bytes> {
        self.echo.clone()
    }

    /// Takes the value that a response brings; tells whether the question is to be repeated with it.
    pub(super) fn take(&mut self, response: &Response) -> bool {
        let echo = response.echo.as_ref().filter(|echo| (1..=40).contains(&echo.len()));
        self.echo = echo.or(self.echo.as_ref()).cloned();
        let repeats = match response.code {
            Code::UNAUTHORIZED => 2,
            Code::TOO_MANY_REQUESTS => 1,
            _ => 0,
        };
        let is_refused = repeats > 0 && echo.is_some();
        self.refused = if is_refused { self.refused.saturating_add(1) } else { 0 };
        is_refused && self.refused <= repeats
    }
}
