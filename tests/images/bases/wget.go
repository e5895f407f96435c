// Stands in for busybox's wget, whose -T Debian leaves out: GET by HTTP/1.0, `-q -T SECONDS -O FILE URL`.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"time"
)

func get(url string, seconds int) (io.Reader, error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	limit := time.Duration(seconds) * time.Second
	connection, err := net.DialTimeout("tcp", host, limit)
	if err != nil {
		return nil, err
	}
	_ = connection.SetDeadline(time.Now().Add(limit))
	fmt.Fprintf(connection, "GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host)
	answer := bufio.NewReader(connection)
	status, err := answer.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if !strings.Contains(status, " 200 ") {
		return nil, fmt.Errorf("server returned error: %s", status)
	}
	for line := status; strings.TrimSpace(line) != ""; {
		if line, err = answer.ReadString('\n'); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

func main() {
	log.SetFlags(0)
	flag.Bool("q", false, "say nothing")
	seconds := flag.Int("T", 900, "how long to wait")
	output := flag.String("O", "-", "where to write")
	flag.Parse()
	answer, err := get(flag.Arg(0), *seconds)
	file := os.Stdout
	if err == nil && *output != "-" {
		file, err = os.Create(*output)
	}
	if err == nil {
		_, err = io.Copy(file, answer)
	}
	if err != nil {
		log.Fatal("wget: ", err)
	}
}
