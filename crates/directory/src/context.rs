use alloc::string::String;

use waypost_model::{Credentials, Location};

use crate::{Config, entry::token::Token};

/// What every view of a registration needs to know of its directory.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) config: Config,
    /// Those of a registrant that proved nothing.
    pub(crate) no_credentials: Credentials,
}

impl Context {
    /// Returns the location of the local registration of a token.
    pub(crate) fn location(&self, token: Token) -> Location {
        let mut path = String::new();
        self.write_location(token, &mut path);
        match Location::new(&path) {
            Ok(location) => location,
            Err(_) => unreachable!("the path was checked when the directory was made"),
        }
    }

    /// Returns the path that a location has here, given as path or as URI at one of the own authorities.
    pub(crate) fn path_of<'l>(&self, location: &'l str) -> Option<&'l str> {
        if location.starts_with('/') {
            return Some(location);
        }
        let mut paths =
            self.config.authorities.iter().filter_map(|authority| location.strip_prefix(authority.as_str()));
        paths.find(|path| path.starts_with('/'))
    }

    /// Returns the token that a path of a location ends in.
    pub(crate) fn token_of(&self, path: &str) -> Option<Token> {
        Token::parse(path.strip_prefix(self.config.path.as_str())?.strip_prefix('/')?)
    }

    /// Appends the location of the local registration of a token.
    pub(crate) fn write_location(&self, token: Token, out: &mut String) {
        out.reserve(self.config.path.len() + 17);
        out.push_str(&self.config.path);
        out.push('/');
        token.write(out);
    }
}
