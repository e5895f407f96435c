//! A starter that counts its visitors: put your own service in its place.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

const DEFAULT_GREETING: &str = "Hello from your server!";
const LONGEST_REQUEST: u64 = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

static STOP: AtomicBool = AtomicBool::new(false);

/// Lets SIGTERM and SIGINT set `STOP` instead of ending the process.
fn catch_signals() {
    extern "C" fn handler(_signal: i32) {
        STOP.store(true, Ordering::Relaxed);
    }
    extern "C" {
        fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    }
    const SIGINT: i32 = 2;
    const SIGTERM: i32 = 15;
    // SAFETY: `signal` is the C library's, which the standard library links anyway, and the handler only stores to an
    // atomic, which a signal handler may do.
    unsafe {
        signal(SIGINT, handler);
        signal(SIGTERM, handler);
    }
}

/// Counts visits, and keeps the number in a file if there is a folder for it.
struct Counter {
    path: Option<PathBuf>,
    visits: Mutex<u64>,
}

impl Counter {
    /// Reads the number of a former run. A damaged file is an error: it is not ours to overwrite.
    fn open(folder: &str) -> Result<Self, String> {
        if folder.is_empty() {
            return Ok(Self {
                path: None,
                visits: Mutex::new(0),
            });
        }
        let path = Path::new(folder).join("visits");
        let visits = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|_| {
                format!(
                    "{} does not hold a number: repair it or move it away",
                    path.display()
                )
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let counter = Self {
            path: Some(path),
            visits: Mutex::new(visits),
        };
        // Find out now, not at the first visit, whether the folder can be written to.
        counter
            .save(visits)
            .map_err(|error| format!("DATA_DIR={folder}: {error}"))?;
        Ok(counter)
    }

    fn add(&self) -> io::Result<u64> {
        let mut visits = self
            .visits
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        self.save(*visits + 1)?;
        *visits += 1;
        Ok(*visits)
    }

    /// Replaces the file in one step, so that a crash leaves the old number or the new one.
    fn save(&self, visits: u64) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        writeln!(file, "{visits}")?;
        file.sync_all()?;
        fs::rename(new, path)
    }
}

/// The text of an asset, if there is one.
fn greeting(assets: &str) -> String {
    let text = if assets.is_empty() {
        None
    } else {
        fs::read_to_string(Path::new(assets).join("greeting.txt")).ok()
    };
    text.map_or_else(
        || DEFAULT_GREETING.to_owned(),
        |text| text.trim().to_owned(),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn page(greeting: &str, visits: u64) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>{}</h1>
<p>Visits: {visits}</p>
"#,
        escape(greeting)
    )
}

struct Service {
    counter: Counter,
    assets: String,
}

impl Service {
    /// Status and body that answer a request.
    fn answer(&self, method: &str, path: &str) -> (u16, String) {
        match (method, path) {
            ("HEAD", "/" | "/health") => (200, String::new()),
            ("GET", "/health") => (200, "ok\n".to_owned()),
            ("GET", "/") => match self.counter.add() {
                Ok(visits) => (200, page(&greeting(&self.assets), visits)),
                Err(error) => {
                    eprintln!("the visit could not be stored: {error}");
                    (500, "the visit could not be stored\n".to_owned())
                }
            },
            ("GET" | "HEAD", _) => (404, "not found\n".to_owned()),
            _ => (405, "method not allowed\n".to_owned()),
        }
    }

    /// Reads one request and answers it. A slow or endless one runs into the limits.
    fn handle(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut lines = BufReader::new(Read::by_ref(&mut stream).take(LONGEST_REQUEST));
        let mut request = String::new();
        lines.read_line(&mut request)?;
        let mut line = String::new();
        while lines.read_line(&mut line)? > 2 {
            line.clear();
        }
        let mut words = request.split_whitespace();
        let (status, body) = match (words.next(), words.next()) {
            (Some(method), Some(target)) => {
                self.answer(method, target.split('?').next().unwrap_or_default())
            }
            _ => (400, "bad request\n".to_owned()),
        };
        let kind = if body.starts_with('<') {
            "text/html"
        } else {
            "text/plain"
        };
        let mut head = format!("HTTP/1.1 {status} \r\nConnection: close\r\n");
        let _ = write!(
            head,
            "Content-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())
    }
}

/// Answers until `stop` is set, then lets requests in flight finish.
fn serve(listener: &TcpListener, service: Service, stop: &AtomicBool) -> io::Result<()> {
    // Waiting in `accept` would miss a stop.
    listener.set_nonblocking(true)?;
    let service = Arc::new(service);
    let in_flight = Arc::new(AtomicUsize::new(0));
    while !stop.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let (service, counted) = (Arc::clone(&service), Arc::clone(&in_flight));
        counted.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || {
            // A visitor who hangs up is no error of ours.
            let _ = service.handle(stream);
            counted.fetch_sub(1, Ordering::SeqCst);
        });
    }
    let asked = Instant::now();
    while in_flight.load(Ordering::SeqCst) > 0 && asked.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn listen(port: u16) -> io::Result<TcpListener> {
    // Both protocols in one socket; IPv4 alone where the kernel has no IPv6.
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)))
}

fn run() -> Result<(), String> {
    let variable = |name| env::var(name).unwrap_or_default();
    let port: u16 = variable("PORT")
        .parse()
        .map_err(|_| format!("PORT={:?} is not a port", variable("PORT")))?;
    let counter = Counter::open(&variable("DATA_DIR"))?;
    catch_signals();
    if port == 0 {
        println!("started without a web page");
        while !STOP.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
        }
        return Ok(());
    }
    let listener = listen(port).map_err(|error| format!("port {port}: {error}"))?;
    println!("listening on port {port}");
    serve(
        &listener,
        Service {
            counter,
            assets: variable("ASSETS_DIR"),
        },
        &STOP,
    )
    .map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
