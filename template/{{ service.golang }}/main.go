// A starter that counts its visitors. Replace it with your own service.
package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	defaultGreeting = "Hello from your server!"
	longestHeader   = 16 << 10
	patience        = 5 * time.Second
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>{{.Greeting}}</h1>
<p>Visits: {{.Visits}}</p>
`))

// counter counts visits, and stores the number in a file if there's a folder for it.
type counter struct {
	mutex  sync.Mutex
	path   string
	visits uint64
}

// openCounter reads the number from an earlier run. A damaged file is an error, because we mustn't overwrite it.
func openCounter(folder string) (*counter, error) {
	if folder == "" {
		return &counter{}, nil
	}
	c := &counter{path: filepath.Join(folder, "visits")}
	text, err := os.ReadFile(c.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("DATA_DIR=%s: %w", folder, err)
	default:
		// 63 bits, so that counting on can't overflow.
		c.visits, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%s does not hold a number: repair it or move it away", c.path)
		}
	}
	// Check now, not on the first visit, that the folder is writable.
	if err := c.save(c.visits); err != nil {
		return nil, fmt.Errorf("DATA_DIR=%s: %w", folder, err)
	}
	return c, nil
}

func (c *counter) add() (uint64, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.save(c.visits + 1); err != nil {
		return c.visits, err
	}
	c.visits++
	return c.visits, nil
}

// save replaces the file in one step, so that a crash leaves the old number or the new one.
func (c *counter) save(visits uint64) error {
	if c.path == "" {
		return nil
	}
	file, err := os.Create(c.path + ".new")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, visits)
	// Before the rename, or a power cut could leave an empty file.
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.path)
}

// greeting returns the setting, or else the text of an asset, if there is one.
func greeting(folder string) string {
	if text := os.Getenv("SETTING_GREETING"); text != "" {
		return text
	}
	if folder == "" {
		return defaultGreeting
	}
	text, err := os.ReadFile(filepath.Join(folder, "greeting.txt"))
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			log.Print(err)
		}
		return defaultGreeting
	}
	return strings.TrimSpace(string(text))
}

func newHandler(c *counter, assets string) http.Handler {
	mux := http.NewServeMux()
	// GET includes HEAD. The mux answers 405 to other methods and 404 to other paths.
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.Method == http.MethodHead {
			return
		}
		visits, err := c.add()
		if err != nil {
			log.Print(err)
			http.Error(w, "the visit could not be stored", http.StatusInternalServerError)
			return
		}
		data := struct {
			Greeting string
			Visits   uint64
		}{greeting(assets), visits}
		if err := page.Execute(w, data); err != nil {
			log.Print(err)
		}
	})
	return mux
}

// serve answers until the context ends, then lets requests in flight finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler,
		// Without these, a client that never finishes would stay connected forever.
		ReadHeaderTimeout: patience,
		ReadTimeout:       2 * patience,
		WriteTimeout:      2 * patience,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    longestHeader,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		// A client that still isn't done has had its time, so this isn't an error.
		_ = server.Close()
	}
	return nil
}

func run(ctx context.Context) error {
	text := os.Getenv("PORT")
	if text == "" {
		text = "8080"
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return fmt.Errorf("PORT=%q is not a port", text)
	}
	folder := os.Getenv("DATA_DIR")
	c, err := openCounter(folder)
	if err != nil {
		return err
	}
	where := folder
	if where == "" {
		where = "memory"
	}
	if port == 0 {
		log.Printf("started without a web page, visits in %s", where)
		<-ctx.Done()
		return nil
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return fmt.Errorf("port %d: %w", port, err)
	}
	log.Printf("listening on port %d, visits in %s", port, where)
	return serve(ctx, listener, newHandler(c, os.Getenv("ASSETS_DIR")))
}

func main() {
	log.SetFlags(0) // The log collector adds the time.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}
