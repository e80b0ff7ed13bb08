use rusqlite::{Connection, Result, params};
use waypost::{Registration, Sector};

/// The same registrations in SQLite in memory, with the indexes that one would think of.
#[derive(Debug)]
pub(crate) struct Sqlite(Connection);

impl Sqlite {
    pub(crate) fn new() -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    pub(crate) fn begin(&self) -> Result<()> {
        self.0.execute_batch("BEGIN")
    }

    pub(crate) fn commit(&self) -> Result<()> {
        self.0.execute_batch("COMMIT")
    }

    /// Enters a registration, its links already read.
    pub(crate) fn register(&self, registration: &Registration) -> Result<()> {
        let sector = registration.sector.as_ref().map(Sector::as_str);
        let kind = registration.attributes.iter().find(|(name, _)| *name == "et").and_then(|(_, value)| value);
        let base = registration.base.as_str();
        self.0
            .prepare_cached("INSERT INTO registration (ep, d, base, et, expires) VALUES (?1, ?2, ?3, ?4, 90000)")?
            .execute(params![registration.endpoint.as_str(), sector, base, kind])?;
        let owner = self.0.last_insert_rowid();
        let mut link_statement =
            self.0.prepare_cached("INSERT INTO link (registration, target, text) VALUES (?1, ?2, ?3)")?;
        let mut value_statement =
            self.0.prepare_cached("INSERT OR IGNORE INTO value (name, value, link) VALUES (?1, ?2, ?3)")?;
        for link in registration.links.as_document().links() {
            let target = format!("{base}{}", link.target());
            link_statement.execute(params![owner, target, link.raw()])?;
            let number = self.0.last_insert_rowid();
            for parameter in link.parameters() {
                let (name, value) = (parameter.name(), parameter.value().unwrap_or_default());
                let has_words = matches!(name, "rt" | "if" | "ct");
                let words = if has_words { value.split(' ').collect() } else { vec![&*value] };
                for word in words {
                    value_statement.execute(params![name, word, number])?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn renew(&self, endpoint: &str) -> Result<()> {
        let mut statement = self.0.prepare_cached("UPDATE registration SET expires = expires + 1 WHERE ep = ?1")?;
        statement.execute([endpoint]).map(drop)
    }

    /// Looks up by a value, and puts the first column of all results together.
    pub(crate) fn look_up(&self, query: &str, value: &str) -> Result<String> {
        let mut statement = self.0.prepare_cached(query)?;
        let mut rows = statement.query([value])?;
        let mut text = String::new();
        while let Some(row) = rows.next()? {
            text.push_str(row.get_ref(0)?.as_str()?);
        }
        Ok(text)
    }
}

const SCHEMA: &str = "
    CREATE TABLE registration (id INTEGER PRIMARY KEY, ep TEXT, d TEXT, base TEXT, et TEXT, expires INTEGER);
    CREATE UNIQUE INDEX registration_ep ON registration (ep, d);
    CREATE INDEX registration_base ON registration (base);
    CREATE INDEX registration_et ON registration (et);
    CREATE INDEX registration_expires ON registration (expires);
    CREATE TABLE link (id INTEGER PRIMARY KEY, registration INTEGER, target TEXT, text TEXT);
    CREATE INDEX link_registration ON link (registration);
    CREATE INDEX link_target ON link (target);
    CREATE TABLE value (name TEXT, value TEXT, link INTEGER, PRIMARY KEY (name, value, link)) WITHOUT ROWID;
    CREATE INDEX value_link ON value (link, name, value);
";
