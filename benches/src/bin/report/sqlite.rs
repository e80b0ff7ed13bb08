use core::cell::RefCell;
use core::hash::{Hash, Hasher};
use std::collections::HashMap;
use std::hash::DefaultHasher;

use rusqlite::{Connection, Result, Row, Statement, params};
use waypost::directory::Scope;
use waypost::link_format::{Link, LinkWriter};
use waypost::{LinkDocument, Registration, Sector};
use waypost_benches::fleet::{self, Documents};

/// The same registrations in SQLite in memory, as one would keep them there: each document once, its links beside it, and for
/// each word of a link who has it.
///
/// The queries that it is asked say the order of their joins, so that it needs no statistics; with them, it builds Bloom filters
/// that cost more than they save here. They look for each value only where the data have it, on the link or on the endpoint, which
/// spares SQLite some of what [RFC 9176 §6.2] asks for. The attribute `title` is stored and not indexed. Everything is entered in one transaction.
#[derive(Debug)]
pub(crate) struct Sqlite {
    connection: Connection,
    /// The numbers of the words, so that they need not be asked for.
    words: RefCell<HashMap<String, i64>>,
}

/// SQL that selects the base, and path and attributes of a link; or number, name, sector, base and type of an endpoint.
pub(crate) struct Question<'s> {
    statement: Statement<'s>,
    scope: Scope,
}

impl Sqlite {
    /// Returns one that holds `count` registrations of the fleet.
    pub(crate) fn filled(count: usize, links: usize, documents: Documents) -> Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(128);
        connection.execute_batch(SCHEMA)?;
        let new = Self { connection, words: RefCell::default() };
        new.in_one_go(|| {
            (0..count).try_for_each(|number| new.register(&fleet::registration(number, count, links, documents)))
        })?;
        Ok(new)
    }

    /// Does all of `work` in one transaction.
    pub(crate) fn in_one_go<R>(&self, work: impl FnOnce() -> Result<R>) -> Result<R> {
        self.connection.execute_batch("BEGIN")?;
        let result = work();
        self.connection.execute_batch("COMMIT")?;
        result
    }

    /// Enters a new registration, its links already read.
    pub(crate) fn register(&self, registration: &Registration) -> Result<()> {
        let document = self.document(registration.links.as_document())?;
        let kind = registration.attributes.iter().find(|(name, _)| *name == "et").and_then(|(_, value)| value);
        self.connection
            .prepare_cached(
                "INSERT INTO registration (ep, d, base, et, document, expires, version) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 90000, (SELECT coalesce(max(version), 0) + 1 FROM registration))",
            )?
            .execute(params![
                registration.endpoint.as_str(),
                registration.sector.as_ref().map(Sector::as_str),
                registration.base.as_str(),
                kind,
                document
            ])
            .map(drop)
    }

    /// Returns the bytes of the pages in use.
    pub(crate) fn bytes(&self) -> Result<i64> {
        let sql = "SELECT (page_count - freelist_count) * page_size \
                   FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
        self.connection.query_row(sql, [], |row| row.get(0))
    }

    pub(crate) fn renew(&self, registration: i64) -> Result<()> {
        let mut statement =
            self.connection.prepare_cached("UPDATE registration SET expires = expires + 1 WHERE id = ?1")?;
        expect_one(statement.execute([registration])?)
    }

    pub(crate) fn rebase(&self, registration: i64, base: &str) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE registration SET base = ?2, version = (SELECT max(version) + 1 FROM registration) WHERE id = ?1",
        )?;
        expect_one(statement.execute(params![registration, base])?)
    }

    /// Removes a registration, and its document if it was the last to have it.
    pub(crate) fn remove(&self, registration: i64) -> Result<()> {
        let mut statement =
            self.connection.prepare_cached("DELETE FROM registration WHERE id = ?1 RETURNING document")?;
        let document = statement.query_row([registration], |row| row.get(0))?;
        self.release(document)
    }

    /// Removes all that expire at the same time, so many at a time.
    pub(crate) fn expire(&self, batch: usize) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM registration WHERE id IN (SELECT id FROM registration WHERE expires < 1000000 LIMIT ?1) \
             RETURNING document",
        )?;
        let documents: Vec<i64> = statement.query_map([batch], |row| row.get(0))?.collect::<Result<_>>()?;
        documents.iter().try_for_each(|document| self.release(*document))?;
        Ok(documents.len())
    }

    /// Returns what a version is called.
    pub(crate) fn version(&self) -> Result<i64> {
        self.connection.query_row("SELECT max(version) FROM registration", [], |row| row.get(0))
    }

    /// Reads the first changes after a version, in their order; returns how many, and the bytes in them.
    pub(crate) fn feed(&self, version: i64, count: usize) -> Result<(usize, usize)> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ep, d, base, et, document.text, expires, version FROM registration \
             JOIN document ON document.id = registration.document WHERE version > ?1 ORDER BY version LIMIT ?2",
        )?;
        let mut rows = statement.query(params![version, count])?;
        let (mut changes, mut bytes) = (0, 0);
        while let Some(row) = rows.next()? {
            for column in 0..5 {
                bytes += row.get_ref(column)?.as_str()?.len();
            }
            changes += 1;
        }
        Ok((changes, bytes))
    }

    /// Prepares a question about links or endpoints.
    pub(crate) fn prepare(&self, sql: &str, scope: Scope) -> Result<Question<'_>> {
        Ok(Question { statement: self.connection.prepare(sql)?, scope })
    }

    /// Returns the number of a document, which is entered if it is new.
    fn document(&self, document: LinkDocument<'_>) -> Result<i64> {
        let text = document.as_str();
        let mut known = self.connection.prepare_cached("SELECT id FROM document WHERE hash = ?1 AND text = ?2")?;
        if let Some(id) = known.query_map(params![hash(text), text], |row| row.get(0))?.next() {
            return id;
        }
        let mut statement = self.connection.prepare_cached("INSERT INTO document (hash, text) VALUES (?1, ?2)")?;
        let id = statement.insert(params![hash(text), text])?;
        let mut link_statement =
            self.connection.prepare_cached("INSERT INTO link (id, path, attributes) VALUES (?1, ?2, ?3)")?;
        let mut meets_statement =
            self.connection.prepare_cached("INSERT OR IGNORE INTO meets (word, link) VALUES (?1, ?2)")?;
        for (position, link) in document.links().enumerate() {
            let number = link_number(id, position);
            link_statement.execute(params![number, link.target(), attributes(link)])?;
            each_word(link, |name, word| meets_statement.execute(params![self.word(name, word)?, number]).map(drop))?;
        }
        Ok(id)
    }

    /// Takes out a document that no registration has any more.
    fn release(&self, document: i64) -> Result<()> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM registration WHERE document = ?1")?;
        if statement.exists([document])? {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached("DELETE FROM document WHERE id = ?1 RETURNING text")?;
        let text: String = statement.query_row([document], |row| row.get(0))?;
        let links = LinkDocument::parse(&text).expect("it was read before");
        let mut link_statement = self.connection.prepare_cached("DELETE FROM link WHERE id = ?1")?;
        let mut meets_statement = self.connection.prepare_cached("DELETE FROM meets WHERE word = ?1 AND link = ?2")?;
        for (position, link) in links.links().enumerate() {
            let number = link_number(document, position);
            link_statement.execute([number])?;
            each_word(link, |name, word| meets_statement.execute(params![self.word(name, word)?, number]).map(drop))?;
        }
        Ok(())
    }

    /// Returns the number of a word, which is entered if it is new.
    fn word(&self, name: &str, word: &str) -> Result<i64> {
        let key = format!("{name} {word}");
        if let Some(id) = self.words.borrow().get(&key) {
            return Ok(*id);
        }
        let mut statement = self.connection.prepare_cached("INSERT INTO word (name, text) VALUES (?1, ?2)")?;
        let id = statement.insert([name, word])?;
        self.words.borrow_mut().insert(key, id);
        Ok(id)
    }
}

impl Question<'_> {
    /// Asks, and writes the answer anew as a look-up shows it.
    pub(crate) fn ask(&mut self, values: &[String], text: &mut String) -> Result<()> {
        text.clear();
        let mut rows = self.statement.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            if !text.is_empty() {
                text.push(',');
            }
            match self.scope {
                Scope::Resources => write_resource(row, text)?,
                Scope::Endpoints => write_endpoint(row, text)?,
            }
        }
        Ok(())
    }
}

fn write_resource(row: &Row<'_>, text: &mut String) -> Result<()> {
    for part in ["<", row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?, ">", row.get_ref(2)?.as_str()?] {
        text.push_str(part);
    }
    Ok(())
}

fn write_endpoint(row: &Row<'_>, text: &mut String) -> Result<()> {
    text.push_str("</rd/");
    text.push_str(&row.get::<_, i64>(0)?.to_string());
    text.push('>');
    for (column, name) in ["ep", "d", "base", "et"].into_iter().enumerate() {
        for part in [";", name, "=\"", row.get_ref(column + 1)?.as_str()?, "\""] {
            text.push_str(part);
        }
    }
    text.push_str(r#";rt="core.rd-ep""#);
    Ok(())
}

fn expect_one(rows: usize) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(rows)) }
}

/// Hands on each value that a look-up may ask for.
fn each_word(link: Link<'_>, mut take: impl FnMut(&str, &str) -> Result<()>) -> Result<()> {
    link.parameters().try_for_each(|parameter| {
        let value = parameter.value().unwrap_or_default();
        match parameter.name() {
            name @ ("rt" | "if") => value.split(' ').try_for_each(|word| take(name, word)),
            "ct" => take("ct", &value),
            _ => Ok(()),
        }
    })
}

/// Returns the attributes of a link as a look-up shows them.
fn attributes(link: Link<'_>) -> String {
    let mut text = String::new();
    let mut writer = LinkWriter::new(&mut text);
    writer.copy(link).expect("a string takes everything");
    writer.finish().expect("a string takes everything");
    text.split_off(link.target().len() + "<>".len())
}

fn link_number(document: i64, position: usize) -> i64 {
    document << 10 | position as i64
}

fn hash(text: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// The number of a link is that of its document, shifted, and its position.
const SCHEMA: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    CREATE TABLE registration (
        id INTEGER PRIMARY KEY, ep TEXT, d TEXT, base TEXT, et TEXT, document INTEGER, expires INTEGER, version INTEGER
    );
    CREATE UNIQUE INDEX registration_ep ON registration (ep, d);
    CREATE INDEX registration_base ON registration (base);
    CREATE INDEX registration_et ON registration (et);
    CREATE INDEX registration_document ON registration (document);
    CREATE INDEX registration_expires ON registration (expires);
    CREATE UNIQUE INDEX registration_version ON registration (version);
    CREATE TABLE document (id INTEGER PRIMARY KEY, hash INTEGER, text TEXT);
    CREATE INDEX document_hash ON document (hash);
    CREATE TABLE link (id INTEGER PRIMARY KEY, path TEXT, attributes TEXT);
    CREATE TABLE word (id INTEGER PRIMARY KEY, name TEXT, text TEXT);
    CREATE UNIQUE INDEX word_text ON word (name, text);
    CREATE TABLE meets (word INTEGER, link INTEGER, PRIMARY KEY (word, link)) WITHOUT ROWID;
";
