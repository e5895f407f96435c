use super::*;

/// A folder of its own for each test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("service-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn service(data: &str, assets: &str) -> Service {
    Service {
        counter: Counter::open(data).unwrap(),
        assets: assets.to_owned(),
    }
}

#[test]
fn visits_are_counted_and_survive_a_restart() {
    let folder = Folder::new("restart");
    let first = service(folder.text(), "");
    first.answer("GET", "/");
    first.answer("HEAD", "/");
    assert!(first.answer("GET", "/").1.contains("Visits: 2"));
    assert!(service(folder.text(), "")
        .answer("GET", "/")
        .1
        .contains("Visits: 3"));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_is_refused_and_kept() {
    let folder = Folder::new("damaged");
    fs::write(folder.0.join("visits"), "many").unwrap();
    assert!(Counter::open(folder.text()).is_err_and(|error| error.contains("visits")));
    assert_eq!(fs::read_to_string(folder.0.join("visits")).unwrap(), "many");
}

#[test]
fn a_missing_folder_is_refused() {
    assert!(Counter::open("/nowhere/at/all").is_err_and(|error| error.contains("/nowhere")));
}

#[test]
fn without_a_folder_visits_are_counted_in_memory() {
    let service = service("", "");
    service.answer("GET", "/");
    assert!(service.answer("GET", "/").1.contains("Visits: 2"));
}

#[test]
fn the_asset_is_shown_escaped() {
    let folder = Folder::new("asset");
    fs::write(folder.0.join("greeting.txt"), "<b>Hi</b>\n").unwrap();
    assert!(service("", folder.text())
        .answer("GET", "/")
        .1
        .contains("&lt;b&gt;Hi&lt;/b&gt;"));
}

#[test]
fn other_paths_and_methods_are_refused() {
    let service = service("", "");
    for (method, path, status) in [
        ("GET", "/health", 200),
        ("GET", "/x", 404),
        ("POST", "/", 405),
        ("GET", "/", 200),
    ] {
        assert_eq!(service.answer(method, path).0, status, "{method} {path}");
    }
}

fn ask(address: std::net::SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // An answer may come before a bad request is all written.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn it_serves_until_it_is_asked_to_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let server = thread::spawn(move || serve(&listener, service("", ""), &flag));
    assert!(ask(address, b"GET /health HTTP/1.1\r\n\r\n").ends_with("\r\n\r\nok\n"));
    assert!(ask(address, b"\r\n\r\n").starts_with("HTTP/1.1 400"));
    ask(address, &vec![b'x'; 100_000]);
    assert!(ask(address, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").contains("Visits: 1"));
    stop.store(true, Ordering::Relaxed);
    let asked = Instant::now();
    server.join().unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2));
}
