use alloc::string::String;

use waypost_model::{Credentials, Location};

use crate::{Config, token::Token};

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

    /// Appends the location of the local registration of a token.
    pub(crate) fn write_location(&self, token: Token, out: &mut String) {
        out.reserve(self.config.path.len() + 17);
        out.push_str(&self.config.path);
        out.push('/');
        token.write(out);
    }
}
