// Tests of the starter. Replace them with your own service's.
package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func visit(t *testing.T, handler http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder
}

func open(t *testing.T, folder string) *counter {
	t.Helper()
	c, err := openCounter(folder)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVisitsAreCountedAndSurviveARestart(t *testing.T) {
	folder := t.TempDir()
	handler := newHandler(open(t, folder), "")
	visit(t, handler, "GET", "/")
	for _, path := range []string{"/health", "/x"} {
		visit(t, handler, "GET", path)
	}
	visit(t, handler, "HEAD", "/")
	visit(t, handler, "POST", "/")
	if body := visit(t, handler, "GET", "/").Body.String(); !strings.Contains(body, "Visits: 2") {
		t.Errorf("second visit: %s", body)
	}
	handler = newHandler(open(t, folder), "")
	if body := visit(t, handler, "GET", "/").Body.String(); !strings.Contains(body, "Visits: 3") {
		t.Errorf("after a restart: %s", body)
	}
	if files, _ := os.ReadDir(folder); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

func TestADamagedFileIsRefusedAndKept(t *testing.T) {
	for _, damaged := range []string{"", "many", "-1", "1 2", "99999999999999999999"} {
		folder := t.TempDir()
		path := filepath.Join(folder, "visits")
		write(t, path, damaged)
		if _, err := openCounter(folder); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error: %v", damaged, err)
		}
		if text, _ := os.ReadFile(path); string(text) != damaged {
			t.Errorf("%q: the file holds %q now", damaged, text)
		}
	}
}

func TestAMissingFolderIsRefused(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "none")
	if _, err := openCounter(folder); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("error: %v", err)
	}
}

func TestAVisitThatCannotBeStoredIsNotCounted(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	handler := newHandler(open(t, folder), "")
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if code := visit(t, handler, "GET", "/").Code; code != 500 {
		t.Errorf("without its folder: %d", code)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if body := visit(t, handler, "GET", "/").Body.String(); !strings.Contains(body, "Visits: 1") {
		t.Errorf("with it again: %s", body)
	}
}

func TestWithoutAFolderVisitsAreCountedInMemory(t *testing.T) {
	handler := newHandler(open(t, ""), "")
	visit(t, handler, "GET", "/")
	if body := visit(t, handler, "GET", "/").Body.String(); !strings.Contains(body, "Visits: 2") {
		t.Errorf("second visit: %s", body)
	}
}

func TestTheAssetIsShownEscaped(t *testing.T) {
	assets := t.TempDir()
	handler := newHandler(open(t, ""), assets)
	if body := visit(t, handler, "GET", "/").Body.String(); !strings.Contains(body, defaultGreeting) {
		t.Errorf("without the asset: %s", body)
	}
	write(t, filepath.Join(assets, "greeting.txt"), "<b>Hi & \"bye\"</b>\n")
	body := visit(t, handler, "GET", "/").Body.String()
	if !strings.Contains(body, "<h1>&lt;b&gt;Hi &amp; &#34;bye&#34;&lt;/b&gt;</h1>") {
		t.Error(body)
	}
}

func TestTheSettingIsShownEscapedAndBeatsTheAsset(t *testing.T) {
	assets := t.TempDir()
	write(t, filepath.Join(assets, "greeting.txt"), "asset")
	t.Setenv("SETTING_GREETING", "<i>$(id)</i>")
	body := visit(t, newHandler(open(t, ""), assets), "GET", "/").Body.String()
	if !strings.Contains(body, "<h1>&lt;i&gt;$(id)&lt;/i&gt;</h1>") {
		t.Error(body)
	}
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	handler := newHandler(open(t, ""), "")
	for request, want := range map[string]int{
		"GET /": 200, "GET /?a=b": 200, "HEAD /": 200, "GET /health": 200, "HEAD /health": 200,
		"GET /x": 404, "HEAD /x": 404, "GET /health/": 404, "GET /visits": 404,
		"POST /": 405, "DELETE /health": 405,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := visit(t, handler, method, path).Code; got != want {
			t.Errorf("%s: %d, want %d", request, got, want)
		}
	}
}

// start serves handler until stop is called. ended receives what serve returns.
func start(t *testing.T, handler http.Handler) (address string, stop func(), ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	result := make(chan error, 1)
	go func() { result <- serve(ctx, listener, handler) }()
	return listener.Addr().String(), stop, result
}

func expectEnd(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Second):
		t.Error("still running")
	}
}

func get(address string) (string, error) {
	response, err := http.Get("http://" + address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.Status + " " + string(body), err
}

func TestItStopsWhenAsked(t *testing.T) {
	address, stop, ended := start(t, newHandler(open(t, ""), ""))
	if answer, err := get(address + "/health"); err != nil || answer != "200 OK ok\n" {
		t.Errorf("%q, %v", answer, err)
	}
	stop()
	expectEnd(t, ended)
	if answer, err := get(address + "/health"); err == nil {
		t.Errorf("answers after its end: %q", answer)
	}
}

func TestARequestInFlightIsFinished(t *testing.T) {
	begun, finish := make(chan bool), make(chan bool)
	address, stop, ended := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		io.WriteString(w, "done")
	}))
	answers := make(chan string, 1)
	go func() {
		answer, _ := get(address)
		answers <- answer
	}()
	<-begun
	stop()
	select {
	case <-ended:
		t.Error("it did not wait")
	case <-time.After(100 * time.Millisecond):
	}
	close(finish)
	if answer := <-answers; answer != "200 OK done" {
		t.Errorf("answer: %q", answer)
	}
	expectEnd(t, ended)
}

func TestABadRequestHarmsNobody(t *testing.T) {
	address, _, _ := start(t, newHandler(open(t, ""), ""))
	slow, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	io.WriteString(slow, "GET / HT")
	for _, request := range []string{"nonsense\r\n\r\n", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 100_000)} {
		bad, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(bad, request)
		answer, _ := io.ReadAll(bad)
		bad.Close()
		if !strings.HasPrefix(string(answer), "HTTP/1.1 4") {
			t.Errorf("answer: %q", answer)
		}
	}
	if answer, err := get(address + "/"); err != nil || !strings.Contains(answer, "Visits: 1") {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestABadPortIsRefused(t *testing.T) {
	for _, port := range []string{"http", "-1", "65536", "80 80"} {
		t.Setenv("PORT", port)
		if err := run(t.Context()); err == nil || !strings.Contains(err.Error(), port) {
			t.Errorf("%s: error: %v", port, err)
		}
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	t.Setenv("PORT", port)
	t.Setenv("DATA_DIR", "")
	if err := run(t.Context()); err == nil || !strings.Contains(err.Error(), port) {
		t.Errorf("error: %v", err)
	}
}

func TestPortZeroStopsWhenAskedToo(t *testing.T) {
	t.Setenv("PORT", "0")
	t.Setenv("DATA_DIR", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- run(ctx) }()
	stop()
	expectEnd(t, result)
}
