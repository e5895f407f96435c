package main

import (
	"context"
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

func TestVisitsAreCountedAndSurviveARestart(t *testing.T) {
	folder := t.TempDir()
	handler := newHandler(open(t, folder), "")
	visit(t, handler, "GET", "/")
	visit(t, handler, "HEAD", "/")
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
	folder := t.TempDir()
	path := filepath.Join(folder, "visits")
	if err := os.WriteFile(path, []byte("many"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openCounter(folder); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error: %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "many" {
		t.Errorf("the file holds %q now", text)
	}
}

func TestAMissingFolderIsRefused(t *testing.T) {
	if _, err := openCounter(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no error")
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
	if err := os.WriteFile(filepath.Join(assets, "greeting.txt"), []byte("<b>Hi</b>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	body := visit(t, newHandler(open(t, ""), assets), "GET", "/").Body.String()
	if !strings.Contains(body, "&lt;b&gt;Hi&lt;/b&gt;") {
		t.Error(body)
	}
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	handler := newHandler(open(t, ""), "")
	for request, want := range map[string]int{"GET /health": 200, "GET /x": 404, "POST /": 405, "GET /": 200} {
		method, path, _ := strings.Cut(request, " ")
		if got := visit(t, handler, method, path).Code; got != want {
			t.Errorf("%s: %d, want %d", request, got, want)
		}
	}
}

func TestServeStopsWhenAsked(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, listener, newHandler(open(t, ""), "")) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/health")
	if err != nil || response.StatusCode != 200 {
		t.Fatal(response, err)
	}
	response.Body.Close()
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(3 * time.Second):
		t.Error("still running")
	}
}
