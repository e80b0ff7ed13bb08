use alloc::boxed::Box;
use alloc::string::String;

use waypost_rest::Response;

/// Reads the diagnostic of a refusal as a log can show it: cut to a length, without control characters.
pub(crate) fn diagnostic_of(response: &Response, longest: usize) -> Box<str> {
    if response.content_format.is_some_and(|format| format != waypost_rest::ContentFormat::TEXT_PLAIN) {
        return Box::default();
    }
    let octets = &response.payload[..response.payload.len().min(longest)];
    let text = String::from_utf8_lossy(octets);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect::<String>().into()
}
