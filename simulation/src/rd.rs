use waypost_directory::{Config, Directory};
use waypost_model::{Authority, ReplicaId};
use waypost_server::{EchoConfig, Server, ServerConfig};
use waypost_time::Instant;

use crate::bent::{Bend, Bent};
use crate::held::{Held, held};
use crate::host::Host;
use crate::machine::{Actor, Boot, Memory};

impl Actor for Bent<Server> {
    fn held(&self, now: Instant, _: Host) -> Option<Held> {
        Some(held(self.service().directory(), now))
    }

    fn into_memory(self) -> Memory {
        Some(Box::new(self.into_service().into_directory()))
    }
}

/// Starts a directory, with the registrations that it remembers.
pub(crate) fn directory(boot: Boot, echo: Option<EchoConfig>, bend: Option<Box<dyn Bend<Server>>>) -> Bent<Server> {
    let remembered = boot.memory.and_then(|memory| memory.downcast::<Directory>().ok());
    let directory = remembered.map_or_else(
        || {
            let mut config = Config::new(*b"keep it a secret", ReplicaId(u64::from(boot.incarnation) + 1));
            config.authorities.push(Authority::new(&boot.host.uri()).expect("a URI of the world"));
            Directory::new(config)
        },
        |directory| *directory,
    );
    let mut config = ServerConfig::default();
    config.echo = echo;
    Bent::new(Server::new(directory, config), bend)
}
