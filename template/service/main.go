// A starter that counts its visitors: put your own service in its place.
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

const defaultGreeting = "Hello from your server!"

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hello</title>
<body style="font-family: sans-serif; text-align: center; margin: 20vh 1em">
<h1>{{.Greeting}}</h1>
<p>Visits: {{.Visits}}</p>
`))

// counter counts visits, and keeps the number in a file if there is a folder for it.
type counter struct {
	mutex  sync.Mutex
	path   string
	visits uint64
}

// openCounter reads the number of a former run. A damaged file is an error: it is not ours to overwrite.
func openCounter(folder string) (*counter, error) {
	if folder == "" {
		return &counter{}, nil
	}
	c := &counter{path: filepath.Join(folder, "visits")}
	text, err := os.ReadFile(c.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		c.visits, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s does not hold a number: repair it or move it away", c.path)
		}
	}
	// Find out now, not at the first visit, whether the folder can be written to.
	return c, c.save(c.visits)
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
	file, err := os.CreateTemp(filepath.Dir(c.path), ".visits-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // Gone already when all went well.
	_, err = fmt.Fprintln(file, visits)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), c.path)
}

// greeting is the text of an asset, if there is one.
func greeting(folder string) string {
	if folder == "" {
		return defaultGreeting
	}
	text, err := os.ReadFile(filepath.Join(folder, "greeting.txt"))
	if err != nil {
		return defaultGreeting
	}
	return strings.TrimSpace(string(text))
}

func newHandler(c *counter, assets string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
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
	server := &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(patience)
	}
}

func run(ctx context.Context) error {
	port, err := strconv.ParseUint(os.Getenv("PORT"), 10, 16)
	if err != nil {
		return fmt.Errorf("PORT=%q is not a port", os.Getenv("PORT"))
	}
	folder := os.Getenv("DATA_DIR")
	c, err := openCounter(folder)
	if err != nil {
		return fmt.Errorf("DATA_DIR=%s: %w", folder, err)
	}
	if port == 0 {
		log.Print("started without a web page")
		<-ctx.Done()
		return nil
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return err
	}
	log.Printf("listening on port %d", port)
	return serve(ctx, listener, newHandler(c, os.Getenv("ASSETS_DIR")))
}

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}
