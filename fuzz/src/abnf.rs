//! A second parser for link-format: slow, obvious, written from the ABNF of RFC 6690 §2 and of the texts it refers to, and
//! sharing nothing with the one it judges.

/// A link as the grammar has it: a target and its parameters.
pub type Link = (String, Vec<Parameter>);

/// A name, the value with quoted-pairs undone, and how the value was written: `flag`, `token`, `quoted` or `ext`.
pub type Parameter = (String, Option<String>, &'static str);

/// `Link = [ link-value *( "," link-value ) ]`
pub fn document(text: &str) -> Option<Vec<Link>> {
    let input: Vec<char> = text.chars().collect();
    if input.is_empty() {
        return Some(Vec::new());
    }
    let (first, mut at) = link_value(&input, 0)?;
    let mut links = vec![first];
    while at < input.len() {
        let (link, next) = link_value(&input, literal(&input, at, ',')?)?;
        links.push(link);
        at = next;
    }
    Some(links)
}

/// `link-value = "<" URI-Reference ">" *( ";" link-param )`
fn link_value(input: &[char], at: usize) -> Option<(Link, usize)> {
    let start = literal(input, at, '<')?;
    let length = input[start..].iter().position(|c| *c == '>')?;
    let target: String = input[start..start + length].iter().collect();
    if !uri_reference(&target) {
        return None;
    }
    let mut at = start + length + 1;
    let mut parameters = Vec::new();
    while let Some(start) = literal(input, at, ';') {
        let (parameter, next) = link_extension(input, start)?;
        if parameter.0.to_lowercase() == "href" {
            return None;
        }
        parameters.push(parameter);
        at = next;
    }
    Some(((target, parameters), at))
}

/// ```abnf
/// link-extension = ( parmname [ "=" ( ptoken / quoted-string ) ] ) / ( ext-name-star "=" ext-value )
/// ```
fn link_extension(input: &[char], at: usize) -> Option<(Parameter, usize)> {
    let (mut name, at) = many(input, at, |c| is_alphanumeric(c) || "!#$&+-.^_`|~".contains(c));
    if name.is_empty() {
        return None;
    }
    if let Some(at) = literal(input, at, '*') {
        name.push('*');
        let (value, at) = ext_value(input, literal(input, at, '=')?)?;
        return Some(((name, Some(value), "ext"), at));
    }
    let Some(at) = literal(input, at, '=') else {
        return Some(((name, None, "flag"), at));
    };
    if let Some(at) = literal(input, at, '"') {
        let (value, at) = rest_of_quoted_string(input, at)?;
        return Some(((name, Some(value), "quoted"), at));
    }
    let (value, at) = many(input, at, |c| is_alphanumeric(c) || "!#$%&'()*+-./:<=>?@[]^_`{|}~".contains(c));
    if value.is_empty() { None } else { Some(((name, Some(value), "token"), at)) }
}

/// ```abnf
/// quoted-string = <"> *( qdtext / quoted-pair ) <">
/// qdtext        = any TEXT except <">      ; TEXT is anything but controls, and includes LWS
/// quoted-pair   = "\" CHAR                 ; here: any character
/// LWS           = [CRLF] 1*( SP / HT )
/// ```
fn rest_of_quoted_string(input: &[char], mut at: usize) -> Option<(String, usize)> {
    let mut value = String::new();
    loop {
        match input[at..] {
            ['"', ..] => return Some((value, at + 1)),
            ['\\', c, ..] => {
                value.push(c);
                at += 2;
            }
            ['\r', '\n', c @ (' ' | '\t'), ..] => {
                value.extend(['\r', '\n', c]);
                at += 3;
            }
            [c, ..] if c == '\t' || (c >= ' ' && c != '\u{7f}' && c != '\\') => {
                value.push(c);
                at += 1;
            }
            _ => return None,
        }
    }
}

/// ```abnf
/// ext-value   = charset "'" [ language ] "'" value-chars
/// charset     = 1*mime-charsetc
/// language    = 1*8ALPHA *( "-" 1*8( ALPHA / DIGIT ) )   ; the shape of a tag
/// value-chars = *( pct-encoded / attr-char )
/// ```
fn ext_value(input: &[char], start: usize) -> Option<(String, usize)> {
    let (charset, at) = many(input, start, |c| is_alphanumeric(c) || "!#$%&+-^_`{}~".contains(c));
    let (language, at) = many(input, literal(input, at, '\'')?, |c| is_alphanumeric(c) || c == '-');
    let mut at = literal(input, at, '\'')?;
    let shape = language.split('-').all(|tag| (1..=8).contains(&tag.len()));
    let starts_with_letters = language.split('-').next()?.chars().all(|c| c.is_ascii_alphabetic());
    if charset.is_empty() || !(language.is_empty() || (shape && starts_with_letters)) {
        return None;
    }
    loop {
        match input[at..] {
            ['%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => at += 3,
            ['%', ..] => return None,
            [c, ..] if is_alphanumeric(c) || "!#$&+-.^_`|~".contains(c) => at += 1,
            _ => return Some((input[start..at].iter().collect(), at)),
        }
    }
}

/// A URI reference, taken apart as in RFC 3986 Appendix B, each part then checked for what may stand in it.
fn uri_reference(text: &str) -> bool {
    let (rest, fragment) = cut(text, '#');
    let (rest, query) = cut(rest, '?');
    if !fragment.is_none_or(|text| made_of(text, "/?:@", false))
        || !query.is_none_or(|text| made_of(text, "/?:@", true))
    {
        return false;
    }
    let first_segment = rest.split('/').next().unwrap_or_default();
    let rest = match first_segment.split_once(':') {
        Some((scheme, _)) if is_scheme(scheme) => &rest[scheme.len() + 1..],
        Some(_) => return false,
        None => rest,
    };
    match rest.strip_prefix("//") {
        None => made_of(rest, "/:@", false),
        Some(rest) => {
            let length = rest.find('/').unwrap_or(rest.len());
            is_authority(&rest[..length]) && made_of(&rest[length..], "/:@", false)
        }
    }
}

/// `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )`
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| is_alphanumeric(c) || "+-.".contains(c))
}

/// `authority = [ userinfo "@" ] host [ ":" port ]`
fn is_authority(text: &str) -> bool {
    let (userinfo, host_and_port) = text.split_once('@').unwrap_or(("", text));
    if !made_of(userinfo, ":", false) {
        return false;
    }
    let (host_is_valid, port) = match host_and_port.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((literal, port)) => (is_ipv6(literal) || is_ip_future(literal), port),
            None => return false,
        },
        None => {
            let length = host_and_port.find(':').unwrap_or(host_and_port.len());
            (made_of(&host_and_port[..length], "", false), &host_and_port[length..])
        }
    };
    host_is_valid
        && (port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.chars().all(|c| c.is_ascii_digit())))
}

/// `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`
fn is_ip_future(text: &str) -> bool {
    let Some((version, address)) = text.split_once('.') else {
        return false;
    };
    let version = version.strip_prefix('v').or(version.strip_prefix('V'));
    version.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit()))
        && !address.is_empty()
        && address.chars().all(|c| is_alphanumeric(c) || "-._~!$&'()*+,;=:".contains(c))
}

/// `IPv6address`: eight groups of 16 bits, the last two perhaps as an IPv4 address, and one `::` for one or more of them.
fn is_ipv6(text: &str) -> bool {
    match text.split_once("::") {
        None => groups(text, true) == Some(8),
        Some((before, after)) => match (groups(before, false), groups(after, true)) {
            (Some(before), Some(after)) => before + after <= 7,
            _ => false,
        },
    }
}

/// How many groups of 16 bits there are.
fn groups(text: &str, may_end_in_ipv4: bool) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let parts: Vec<_> = text.split(':').collect();
    let (last, others) = parts.split_last()?;
    let h16 = |part: &str| (1..=4).contains(&part.len()) && part.chars().all(|c| c.is_ascii_hexdigit());
    if !others.iter().all(|part| h16(part)) {
        None
    } else if h16(last) {
        Some(others.len() + 1)
    } else if may_end_in_ipv4 && is_ipv4(last) {
        Some(others.len() + 2)
    } else {
        None
    }
}

/// Four numbers from 0 to 255 without leading zeros.
fn is_ipv4(text: &str) -> bool {
    let octet = |part: &str| part.parse::<u8>().is_ok_and(|number| number.to_string() == part);
    text.split('.').count() == 4 && text.split('.').all(octet)
}

/// Whether a text is made of unreserved characters, `sub-delims`, percent-encodings, letters of other scripts, and `also`.
fn made_of(text: &str, also: &str, private: bool) -> bool {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let valid = match c {
            '%' => {
                let digits = [rest.next(), rest.next()];
                digits.iter().all(|digit| digit.is_some_and(|c| c.is_ascii_hexdigit()))
            }
            c if c.is_ascii() => is_alphanumeric(c) || "-._~!$&'()*+,;=".contains(c) || also.contains(c),
            c => is_ucschar(c) || (private && is_private(c)),
        };
        if !valid {
            return false;
        }
    }
    true
}

/// `ucschar` of RFC 3987 §2.2, line by line.
fn is_ucschar(c: char) -> bool {
    let ranges = [
        (0xa0, 0xd7ff),
        (0xf900, 0xfdcf),
        (0xfdf0, 0xffef),
        (0x10000, 0x1fffd),
        (0x20000, 0x2fffd),
        (0x30000, 0x3fffd),
        (0x40000, 0x4fffd),
        (0x50000, 0x5fffd),
        (0x60000, 0x6fffd),
        (0x70000, 0x7fffd),
        (0x80000, 0x8fffd),
        (0x90000, 0x9fffd),
        (0xa0000, 0xafffd),
        (0xb0000, 0xbfffd),
        (0xc0000, 0xcfffd),
        (0xd0000, 0xdfffd),
        (0xe1000, 0xefffd),
    ];
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&(c as u32)))
}

/// `iprivate` of RFC 3987 §2.2.
fn is_private(c: char) -> bool {
    [(0xe000, 0xf8ff), (0xf0000, 0xffffd), (0x100000, 0x10fffd)]
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&(c as u32)))
}

fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// What is before the first `mark`, and what is after it if there is one.
fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The position after `c`, if it is here.
fn literal(input: &[char], at: usize, c: char) -> Option<usize> {
    (input.get(at) == Some(&c)).then_some(at + 1)
}

/// As many characters of a kind as there are, and the position after them.
fn many(input: &[char], at: usize, kind: impl Fn(char) -> bool) -> (String, usize) {
    let taken: String = input[at..].iter().copied().take_while(|c| kind(*c)).collect();
    let length = taken.chars().count();
    (taken, at + length)
}
