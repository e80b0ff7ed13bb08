use alloc::collections::BTreeMap;

use bytes::Bytes;
use waypost_rest::{Code, RequestId, Response};

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
    /// How often in a row each question was refused with one.
    refused: BTreeMap<RequestId, u32>,
}

impl Reachability {
    /// Returns the value to show with a question.
    pub(super) fn echo(&self) -> Option<Bytes> {
        self.echo.clone()
    }

    /// Takes the value that the response to a question brings; tells whether that is to be repeated with it.
    pub(super) fn take(&mut self, question: RequestId, response: &Response) -> bool {
        let echo = response.echo.as_ref().filter(|echo| (1..=40).contains(&echo.len()));
        self.echo = echo.or(self.echo.as_ref()).cloned();
        let repeats = match response.code {
            Code::UNAUTHORIZED => 2,
            Code::TOO_MANY_REQUESTS => 1,
            _ => 0,
        };
        if repeats == 0 || echo.is_none() {
            self.refused.remove(&question);
            return false;
        }
        let refused = self.refused.entry(question).or_default();
        *refused = refused.saturating_add(1);
        *refused <= repeats
    }
}
