//! A starter that counts its visitors. Replace it with your own service.

use std::env;
use std::ffi::c_int;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

const DEFAULT_GREETING: &str = "Hello from your server!";
const LONGEST_REQUEST: usize = 16 * 1024;
const MOST_CONNECTIONS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

static STOP: AtomicBool = AtomicBool::new(false);

/// Lets SIGTERM and SIGINT set `STOP` instead of ending the process.
fn catch_signals() {
    extern "C" fn stop(_signal: c_int) {
        STOP.store(true, Ordering::SeqCst);
    }
    const SIGINT: c_int = 2;
    const SIGTERM: c_int = 15;
    // SAFETY: this is how C declares `signal`. Its result, the earlier handler, is a pointer, which is as wide as usize.
    unsafe extern "C" {
        fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    }
    // SAFETY: the standard library links the C library. `stop` can interrupt any other code, because it only stores to
    // an atomic.
    unsafe {
        signal(SIGINT, stop);
        signal(SIGTERM, stop);
    }
}

/// Writes a line to the log. `eprintln!` would panic if nobody reads the log anymore.
fn log(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Counts visits, and stores the number in a file if there's a folder for it.
struct Counter {
    path: Option<PathBuf>,
    visits: Mutex<u64>,
}

impl Counter {
    /// Reads the number from an earlier run. A damaged file is an error, because we mustn't overwrite it.
    fn open(folder: &Path) -> Result<Self, String> {
        if folder.as_os_str().is_empty() {
            return Ok(Self {
                path: None,
                visits: Mutex::new(0),
            });
        }
        let refuse = |error: io::Error| format!("DATA_DIR={}: {error}", folder.display());
        let path = folder.join("visits");
        let visits = match fs::read(&path) {
            // Below the largest number, so that counting on can't overflow.
            Ok(text) => String::from_utf8_lossy(&text)
                .trim()
                .parse()
                .ok()
                .filter(|visits| *visits <= u64::MAX / 2)
                .ok_or_else(|| {
                    format!(
                        "{} does not hold a number: repair it or move it away",
                        path.display()
                    )
                })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(refuse(error)),
        };
        let counter = Self {
            path: Some(path),
            visits: Mutex::new(visits),
        };
        // Check now, not on the first visit, that the folder is writable.
        counter.save(visits).map_err(refuse)?;
        Ok(counter)
    }

    fn add(&self) -> io::Result<u64> {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
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
        // Before the rename, or a power cut could leave an empty file.
        file.sync_all()?;
        fs::rename(new, path)
    }
}

/// Returns the setting, or else the text of an asset, if there is one.
fn greeting(setting: &str, assets: &Path) -> String {
    if !setting.is_empty() {
        return setting.to_owned();
    }
    if assets.as_os_str().is_empty() {
        return DEFAULT_GREETING.to_owned();
    }
    let path = assets.join("greeting.txt");
    match fs::read(&path) {
        Ok(text) => String::from_utf8_lossy(&text).trim().to_owned(),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                log(format_args!("{}: {error}", path.display()));
            }
            DEFAULT_GREETING.to_owned()
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
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

/// The response to a request.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
}

impl Answer {
    fn html(body: String) -> Self {
        Self {
            status: "200 OK",
            kind: "text/html",
            body,
        }
    }

    fn text(status: &'static str, body: &str) -> Self {
        Self {
            status,
            kind: "text/plain",
            body: body.to_owned(),
        }
    }

    /// HEAD asks for everything but the body.
    fn send(&self, stream: &mut TcpStream, head_only: bool) -> io::Result<()> {
        let Self { status, kind, body } = self;
        let (length, shown) = if head_only {
            (String::new(), "")
        } else {
            (format!("Content-Length: {}\r\n", body.len()), body.as_str())
        };
        // A 405 must say which methods are allowed. Other responses may.
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nAllow: GET, HEAD\r\n"
        );
        let text = format!("{head}{length}Connection: close\r\n\r\n{shown}");
        stream.write_all(text.as_bytes())
    }
}

struct Service {
    counter: Counter,
    setting: String,
    assets: PathBuf,
    connections: AtomicUsize,
    stopping: AtomicBool,
}

impl Service {
    fn new(counter: Counter, setting: String, assets: PathBuf) -> Self {
        Self {
            counter,
            setting,
            assets,
            connections: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    fn answer(&self, method: &str, path: &str) -> Answer {
        match (path, method) {
            ("/", "GET") => match self.counter.add() {
                Ok(visits) => Answer::html(page(&greeting(&self.setting, &self.assets), visits)),
                Err(error) => {
                    let failure = "the visit could not be stored";
                    log(format_args!("{failure}: {error}"));
                    Answer::text("500 Internal Server Error", &format!("{failure}\n"))
                }
            },
            ("/", "HEAD") => Answer::html(String::new()),
            ("/health", "GET" | "HEAD") => Answer::text("200 OK", "ok\n"),
            ("/" | "/health", _) => Answer::text("405 Method Not Allowed", "method not allowed\n"),
            _ => Answer::text("404 Not Found", "not found\n"),
        }
    }

    /// Reads one request and answers it. Gives up on a client that takes longer than `PATIENCE`.
    fn handle(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        let deadline = Instant::now() + PATIENCE;
        let mut request = Vec::new();
        while !is_whole(&request) && request.len() <= LONGEST_REQUEST {
            if read(stream, deadline, &mut request)? == 0 {
                return Ok(());
            }
        }
        let text = String::from_utf8_lossy(&request);
        let line = text.lines().next().unwrap_or_default();
        let words: Vec<&str> = line.split(' ').collect();
        let (method, answer) = match words[..] {
            _ if !is_whole(&request) => {
                let status = "431 Request Header Fields Too Large";
                ("", Answer::text(status, "too long\n"))
            }
            [method, target, version] if version.starts_with("HTTP/1.") => {
                let path = target.split('?').next().unwrap_or_default();
                (method, self.answer(method, path))
            }
            _ => ("", Answer::text("400 Bad Request", "bad request\n")),
        };
        answer.send(stream, method == "HEAD")?;
        // Closing while the client still sends would reset the connection, and the client might miss the response.
        stream.shutdown(Shutdown::Write)?;
        while read(stream, deadline, &mut request)? > 0 {
            request.clear();
        }
        Ok(())
    }
}

/// Returns whether the headers are complete: they end with an empty line.
fn is_whole(request: &[u8]) -> bool {
    request.windows(4).any(|end| end == b"\r\n\r\n")
}

/// Reads what's available, or waits for it until the deadline. Without a deadline for the whole request, a client that
/// sends a byte now and then would stay connected forever.
fn read(stream: &mut TcpStream, deadline: Instant, to: &mut Vec<u8>) -> io::Result<usize> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    let mut chunk = [0; 1024];
    let length = stream.read(&mut chunk)?;
    to.extend_from_slice(&chunk[..length]);
    Ok(length)
}

/// A connection, which counts as long as this value lives, even if its thread panics.
struct Connection(Arc<Service>);

impl Connection {
    fn new(service: &Arc<Service>) -> Self {
        service.connections.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(service))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Starts a thread for every connection. `accept` can't be interrupted, so this runs in a separate thread and ends with
/// the first connection after the stop, or with the process.
fn accept(listener: &TcpListener, service: &Arc<Service>) {
    for stream in listener.incoming() {
        // Count first, so that either this sees the stop or `serve` sees the connection.
        let connection = Connection::new(service);
        if service.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(mut stream) = stream else {
            // Out of file descriptors, for example. Wait for other connections to end.
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        if service.connections.load(Ordering::SeqCst) > MOST_CONNECTIONS {
            continue;
        }
        // If a thread can't start, only this connection is lost. `thread::spawn` would panic.
        let _ = thread::Builder::new().spawn(move || {
            // A client that hangs up isn't our error.
            let _ = connection.0.handle(&mut stream);
        });
    }
}

/// Answers until `stop` is set, then lets requests in flight finish.
fn serve(listener: TcpListener, service: Service, stop: &AtomicBool) {
    let service = Arc::new(service);
    let accepting = Arc::clone(&service);
    thread::spawn(move || accept(&listener, &accepting));
    wait_for(stop);
    service.stopping.store(true, Ordering::SeqCst);
    let asked = Instant::now();
    while service.connections.load(Ordering::SeqCst) > 0 && asked.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for(stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(100));
    }
}

/// Listens on IPv6 and IPv4 with one socket, or only on IPv4 if the kernel has no IPv6.
fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|error| match error.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
        _ => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
    })
}

fn run() -> Result<(), String> {
    let variable = |name| env::var_os(name).unwrap_or_default();
    let mut port = variable("PORT");
    if port.is_empty() {
        port = "8080".into();
    }
    let port: u16 = port
        .to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("PORT={port:?} is not a port"))?;
    let folder = PathBuf::from(variable("DATA_DIR"));
    let counter = Counter::open(&folder)?;
    let place = if folder.as_os_str().is_empty() {
        Path::new("memory")
    } else {
        &folder
    };
    let place = place.display();
    catch_signals();
    if port == 0 {
        log(format_args!(
            "started without a web page, visits in {place}"
        ));
        wait_for(&STOP);
        return Ok(());
    }
    let listener = listen(port).map_err(|error| format!("port {port}: {error}"))?;
    log(format_args!("listening on port {port}, visits in {place}"));
    let setting = variable("SETTING_GREETING").to_string_lossy().into_owned();
    let service = Service::new(counter, setting, variable("ASSETS_DIR").into());
    serve(listener, service, &STOP);
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(error);
            ExitCode::FAILURE
        }
    }
}
