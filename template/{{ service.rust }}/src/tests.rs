//! Tests of the starter. Replace them with your own service's.

use super::*;
use std::net::SocketAddr;

/// A separate folder for each test, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("service-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn visits(&self) -> PathBuf {
        self.0.join("visits")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn service(data: impl AsRef<Path>, assets: impl Into<PathBuf>) -> Service {
    let counter = Counter::open(data.as_ref()).unwrap();
    Service::new(counter, String::new(), assets.into())
}

#[test]
fn visits_are_counted_and_survive_a_restart() {
    let folder = Folder::new("restart");
    let first = service(&folder.0, "");
    first.answer("GET", "/");
    for (method, path) in [
        ("GET", "/health"),
        ("GET", "/x"),
        ("HEAD", "/"),
        ("POST", "/"),
    ] {
        first.answer(method, path);
    }
    assert!(first.answer("GET", "/").body.contains("Visits: 2"));
    let second = service(&folder.0, "");
    assert!(second.answer("GET", "/").body.contains("Visits: 3"));
    // No temporary file is left.
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_is_refused_and_kept() {
    let folder = Folder::new("damaged");
    for damaged in ["", "many", "-1", "1 2", "99999999999999999999"] {
        fs::write(folder.visits(), damaged).unwrap();
        let error = Counter::open(&folder.0).err().unwrap();
        assert!(error.contains("visits"), "{damaged}: {error}");
        assert_eq!(fs::read_to_string(folder.visits()).unwrap(), damaged);
    }
}

#[test]
fn a_missing_folder_is_refused() {
    let folder = Folder::new("missing");
    let missing = folder.0.join("none");
    let error = Counter::open(&missing).err().unwrap();
    assert!(error.contains(missing.to_str().unwrap()), "{error}");
}

#[test]
fn a_visit_that_cannot_be_stored_is_not_counted() {
    let folder = Folder::new("full");
    let service = service(&folder.0, "");
    fs::remove_dir_all(&folder.0).unwrap();
    assert!(service.answer("GET", "/").status.starts_with("500"));
    fs::create_dir(&folder.0).unwrap();
    assert!(service.answer("GET", "/").body.contains("Visits: 1"));
}

#[test]
fn without_a_folder_visits_are_counted_in_memory() {
    let service = service("", "");
    service.answer("GET", "/");
    assert!(service.answer("GET", "/").body.contains("Visits: 2"));
}

#[test]
fn the_asset_is_shown_escaped() {
    let folder = Folder::new("asset");
    let service = service("", &folder.0);
    assert!(service.answer("GET", "/").body.contains(DEFAULT_GREETING));
    fs::write(folder.0.join("greeting.txt"), "<b>Hi & \"bye\"</b>\n").unwrap();
    let body = service.answer("GET", "/").body;
    assert!(
        body.contains("<h1>&lt;b&gt;Hi &amp; &#34;bye&#34;&lt;/b&gt;</h1>"),
        "{body}"
    );
}

#[test]
fn the_setting_is_shown_escaped_and_beats_the_asset() {
    let folder = Folder::new("setting");
    fs::write(folder.0.join("greeting.txt"), "asset").unwrap();
    let counter = Counter::open(Path::new("")).unwrap();
    let service = Service::new(counter, "<i>$(id)</i>".into(), folder.0.clone());
    let body = service.answer("GET", "/").body;
    assert!(body.contains("<h1>&lt;i&gt;$(id)&lt;/i&gt;</h1>"), "{body}");
}

/// The service, which runs until it's told to stop.
struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Running {
    fn start(service: Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = thread::spawn(move || serve(listener, service, &flag));
        Self {
            address,
            stop,
            thread,
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        // The response to a bad request can arrive before all of it is sent.
        let _ = stream.write_all(request.as_bytes());
        rest(stream)
    }

    /// Stops the service and returns how long that takes.
    fn stop(self) -> Duration {
        self.stop.store(true, Ordering::SeqCst);
        let asked = Instant::now();
        self.thread.join().unwrap();
        asked.elapsed()
    }
}

fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn other_paths_and_methods_are_refused() {
    let running = Running::start(service("", ""));
    for (request, status) in [
        ("GET /", 200),
        ("GET /?a=b", 200),
        ("HEAD /", 200),
        ("GET /health", 200),
        ("HEAD /health", 200),
        ("GET /x", 404),
        ("HEAD /x", 404),
        ("GET /health/", 404),
        ("GET /visits", 404),
        ("POST /", 405),
        ("DELETE /health", 405),
    ] {
        let answer = running.ask(&format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
        let without_body = answer.ends_with("\r\n\r\n");
        assert_eq!(
            without_body,
            request.starts_with("HEAD"),
            "{request}: {answer}"
        );
    }
}

#[test]
fn it_stops_when_asked() {
    let running = Running::start(service("", ""));
    assert!(
        running
            .ask("GET /health HTTP/1.1\r\n\r\n")
            .ends_with("\r\n\r\nok\n")
    );
    assert!(running.stop() < Duration::from_secs(2));
}

#[test]
fn a_request_in_flight_is_finished() {
    let running = Running::start(service("", ""));
    let mut stream = running.connect();
    stream.write_all(b"GET /health HT").unwrap();
    // This has started for sure, because connections are accepted in order.
    running.ask("GET /health HTTP/1.1\r\n\r\n");
    let client = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        stream.write_all(b"TP/1.1\r\n\r\n").unwrap();
        rest(stream)
    });
    assert!(running.stop() > Duration::from_millis(200));
    assert!(client.join().unwrap().ends_with("\r\n\r\nok\n"));
}

#[test]
fn a_bad_request_harms_nobody() {
    let running = Running::start(service("", ""));
    let mut slow = running.connect();
    slow.write_all(b"GET / HT").unwrap();
    assert!(running.ask("\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(
        running
            .ask("GET / nonsense\r\n\r\n")
            .starts_with("HTTP/1.1 400 ")
    );
    let huge = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(100_000));
    assert!(running.ask(&huge).starts_with("HTTP/1.1 431 "));
    let with_body = format!(
        "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n{}",
        "x".repeat(100_000)
    );
    assert!(running.ask(&with_body).starts_with("HTTP/1.1 405 "));
    assert!(running.ask("GET / HTTP/1.1\r\n\r\n").contains("Visits: 1"));
}

#[test]
fn too_many_connections_are_turned_away() {
    let running = Running::start(service("", ""));
    let many: Vec<TcpStream> = (0..MOST_CONNECTIONS).map(|_| running.connect()).collect();
    assert_eq!(running.ask("GET /health HTTP/1.1\r\n\r\n"), "");
    drop(many);
    let begun = Instant::now();
    while running.ask("GET /health HTTP/1.1\r\n\r\n").is_empty() {
        assert!(begun.elapsed() < PATIENCE);
    }
}
