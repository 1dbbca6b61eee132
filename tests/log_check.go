// log_check ADDRESS VKEY TIMES: follows a log over HTTP with code that is not ours (golang.org/x/mod/sumdb). Each time: the
// checkpoint's signature; that it continues the one before; every tile against the root; every entry's inclusion. One line each.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

type site string

func (s site) get(path string) []byte {
	answer, err := http.Get(string(s) + "/log/" + path)
	must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode != 200 {
		must(fmt.Errorf("%s: %s", path, answer.Status))
	}
	return body
}

// The package's tile/8/L/N is the log's tile/L/N.
func (s site) Height() int                      { return 8 }
func (s site) SaveTiles([]tlog.Tile, [][]byte) {}
func (s site) ReadTiles(tiles []tlog.Tile) (out [][]byte, err error) {
	for _, t := range tiles {
		out = append(out, s.get(strings.Replace(t.Path(), "tile/8/", "tile/", 1)))
	}
	return
}

func (s site) checkpoint(v note.Verifier) (tree tlog.Tree) {
	n, err := note.Open(s.get("checkpoint"), note.VerifierList(v))
	must(err)
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != v.Name() {
		must(fmt.Errorf("origin %q", lines[0]))
	}
	_, err = fmt.Sscan(lines[1], &tree.N)
	must(err)
	tree.Hash, err = tlog.ParseHash(lines[2])
	must(err)
	return
}

func (s site) entries(tree tlog.Tree, hashes tlog.HashReader) {
	for first := int64(0); first < tree.N; first += 256 {
		t := tlog.Tile{H: 8, L: 0, N: first / 256, W: 256}
		if tree.N-first < 256 {
			t.W = int(tree.N - first)
		}
		bundle := s.get(strings.Replace(t.Path(), "tile/8/0/", "tile/entries/", 1))
		for i := first; i < first+int64(t.W); i++ {
			length := int(bundle[0])<<8 | int(bundle[1])
			proof, err := tlog.ProveRecord(tree.N, i, hashes)
			must(err)
			must(tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(bundle[2:2+length])))
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			must(fmt.Errorf("bytes behind the entries of bundle %d", t.N))
		}
	}
}

func main() {
	v, err := note.NewVerifier(os.Args[2])
	must(err)
	s, times := site(os.Args[1]), 0
	_, err = fmt.Sscan(os.Args[3], &times)
	must(err)
	for old := (tlog.Tree{}); times > 0; times-- {
		tree := s.checkpoint(v)
		hashes := tlog.TileHashReader(tree, s)
		if old.N > 0 {
			proof, err := tlog.ProveTree(tree.N, old.N, hashes)
			must(err)
			must(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash))
		}
		s.entries(tree, hashes)
		fmt.Println("OK", tree.N, tree.Hash, "extends", old.N)
		old = tree
		time.Sleep(300 * time.Millisecond)
	}
}
