package safetynet_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"extrato/internal/books"
	"extrato/internal/proof"
	"extrato/internal/safetynet"
)

const logOrigin = "extrato/estudio-00000000"

// checkpoint answers with the signed head, as /api/v1 does.
func (s *server) checkpoint(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	chain := s.chain
	if s.signs != nil {
		chain = s.signs()
	}
	var hashes []books.Fingerprint
	for _, e := range chain {
		hashes = append(hashes, e.Hash)
	}
	l := proof.Log{Tree: proof.TreeOf(hashes)}
	size := l.Tree.Size()
	var err error
	if l.Checkpoint, err = proof.Sign(l.Tree.Head(s.keys[0].Public().Name(), size), s.keys...); err != nil {
		panic(err)
	}
	proofs, consistency := []any{}, []proof.Hash{}
	for i, e := range chain {
		if e.Action == books.Keyed && int64(i) >= from || int64(i) == size-1 {
			in, _ := l.Include(int64(i) + 1)
			proofs = append(proofs, map[string]any{"seq": i + 1, "proof": in})
		}
	}
	if from <= size {
		consistency = l.Tree.Consistency(from, size)
	}
	var keys []proof.PublicKey
	for _, k := range s.keys {
		keys = append(keys, k.Public())
	}
	answer := map[string]any{"checkpoint": l.Checkpoint, "keys": keys, "from": from, "consistency": consistency, "proofs": proofs}
	if s.head != nil {
		s.head(answer)
	}
	say(w, 200, answer)
}

// rekey replaces the studio's key by an entry.
func (s *server) rekey() proof.Key {
	key := proof.NewKey(logOrigin)
	e := books.ChainEntry{Action: books.Keyed, At: books.InstantOf(time.Date(2025, 11, 1, 6, 0, 0, 0, time.UTC)), By: "cli", CorrelationID: "0123456789abcdef",
		Totals: "{}", Notes: []string{"by ana", proof.KeyNote(key.Public())}, BackupFile: "b.csv"}
	s.chain = append(s.chain, e.After(s.chain[len(s.chain)-1]))
	s.keys = append([]proof.Key{key}, s.keys...)
	return key
}

// witnessed returns a server with two months, and a net that has seen its head.
func witnessed(t *testing.T) (*server, *equipment) {
	t.Helper()
	s, n := newServer(t), newNet()
	s.closeMonth("2025-09")
	s.closeMonth("2025-10")
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || n.state.Checkpoint == "" || len(n.state.Keys) != 1 || !strings.Contains(r.Summary(), s.keys[0].Public().String()) {
		t.Fatalf("the first run: %s", r.Summary())
	}
	return s, n
}

func TestHead_that_does_not_continue_the_kept_one_is_refused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*server)
		code   string
	}{
		"nothing changed":   {func(*server) {}, ""},
		"a later entry":     {func(s *server) { s.closeMonth("2025-08") }, ""},
		"the key replaced":  {func(s *server) { s.rekey() }, ""},
		"replaced twice":    {func(s *server) { s.rekey(); s.rekey(); s.closeMonth("2025-08") }, ""},
		"a fork":            {func(s *server) { s.fork(2); s.closeMonth("2025-08") }, "forked_log"},
		"a fork, as long":   {func(s *server) { s.fork(2) }, "forked_log"},
		"an older head":     {func(s *server) { s.fork(1) }, "older_head"},
		"a forger's head":   {func(s *server) { s.keys = []proof.Key{proof.NewKey(logOrigin)} }, "unsigned_head"},
		"another log":       {func(s *server) { s.keys = []proof.Key{proof.NewKey("extrato/outro-00000000")} }, "unsigned_head"},
		"the old key gone":  {func(s *server) { s.rekey(); s.keys = s.keys[:1] }, "unsigned_head"},
		"the new key mute":  {func(s *server) { s.rekey(); s.keys = s.keys[1:] }, "unsigned_head"},
		"no proof of a key": {func(s *server) { s.rekey(); s.closeMonth("2025-08"); s.head = dropProof }, "not_in_log"},
		"no last proof":     {func(s *server) { s.closeMonth("2025-08"); s.head = dropProof }, "not_in_log"},
		"no consistency": {func(s *server) {
			s.closeMonth("2025-08")
			s.head = func(a map[string]any) { a["consistency"] = []proof.Hash{} }
		}, "forked_log"},
		"a changed size": {func(s *server) {
			s.head = func(a map[string]any) {
				a["checkpoint"] = strings.Replace(a["checkpoint"].(string), "\n2\n", "\n1\n", 1)
			}
		}, "wrong_signature"},
		"no head":           {func(s *server) { s.head = func(a map[string]any) { a["checkpoint"] = "x" } }, "bad_answer"},
		"a lost key":        {func(s *server) { s.fault = failing("checkpoint", 409, "refused", "no_signing_key") }, "no_signing_key"},
		"the server's find": {func(s *server) { s.fault = failing("checkpoint", 500, "integrity", "older_head") }, "forked_log"},
	} {
		t.Run(name, func(t *testing.T) {
			s, n := witnessed(t)
			key := proof.NewCosigner("safetynet")
			n.key = &key
			before := n.state
			c.change(s)
			r := n.run(t, s.URL, nil, false)
			code := ""
			if r.Error != nil {
				code = r.Error.Code
			}
			if code != c.code || (code == "") != (len(s.took) == 1) {
				t.Fatalf("%q, cosigned %d: %s", code, len(s.took), r.Summary())
			}
			if code != "" && (n.state.Checkpoint != before.Checkpoint || n.state.Head != before.Head || !slices.Equal(texts(n.state.Keys), texts(before.Keys))) {
				t.Error("a refused head was kept")
			}
		})
	}
}

func texts(keys []proof.PublicKey) (all []string) {
	for _, k := range keys {
		all = append(all, k.String())
	}
	return all
}

// fork signs another past: the first n entries, the last of them changed, and
// those that are added later. The list of entries stays as it was.
func (s *server) fork(n int) {
	signed := s.chain[:n:n]
	before, seen := slices.Clone(signed), len(s.chain)
	before[n-1].Hash[7] ^= 1
	s.signs = func() []books.ChainEntry { return append(slices.Clone(before), s.chain[seen:]...) }
}

// failing answers requests of one path with a refusal.
func failing(path string, status int, kind, code string) func(int, http.ResponseWriter, *http.Request) bool {
	return func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, path) {
			return false
		}
		say(w, status, map[string]any{"kind": kind, "code": code, "correlation_id": "b17cee4a"})
		return true
	}
}

func dropProof(a map[string]any) { a["proofs"] = a["proofs"].([]any)[1:] }

func TestHead_after_a_lost_key_is_taken_on_a_persons_word(t *testing.T) {
	s, n := witnessed(t)
	key := s.rekey()
	s.keys = s.keys[:1]
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || r.Error.Code != "unsigned_head" || !strings.Contains(r.Error.Hint, "--key") {
		t.Fatalf("%s", r.Summary())
	}
	n.trust = []proof.PublicKey{key.Public()}
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || !slices.Equal(texts(n.state.Keys), []string{key.Public().String()}) {
		t.Fatalf("%s", r.Summary())
	}
	n.trust = nil
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 {
		t.Errorf("the next run: %s", r.Summary())
	}
}

func TestHead_is_followed_from_key_to_key(t *testing.T) {
	s, n := witnessed(t)
	first := s.keys[0]
	second := s.rekey()
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || !slices.Equal(texts(n.state.Keys), []string{second.Public().String(), first.Public().String()}) {
		t.Fatalf("%v, %s", texts(n.state.Keys), r.Summary())
	}
	s.rekey()
	s.keys = slices.Delete(s.keys, 2, 3) // the first is lost
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || len(n.state.Keys) != 2 || slices.Contains(texts(n.state.Keys), first.Public().String()) {
		t.Errorf("%v, %s", texts(n.state.Keys), r.Summary())
	}
}

func TestHead_is_cosigned_once_everything_is_proved(t *testing.T) {
	s, n := witnessed(t)
	key := proof.NewCosigner("safetynet")
	n.key = &key
	s.backup = "corrupt"
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 4 || len(s.took) != 0 {
		t.Fatalf("with a corrupt backup: %s", r.Summary())
	}
	s.backup = "ok"
	r := n.run(t, s.URL, nil, false)
	c, err := proof.Open(n.state.Checkpoint, s.keys[0].Public(), key.Public())
	if r.ExitCode != 0 || !r.Proof.Cosigned || len(s.took) != 1 || s.took[0] != n.state.Checkpoint || err != nil || len(c.Cosigned) != 1 || c.Size != 2 || r.Proof.Checkpoint != s.took[0] {
		t.Fatalf("%v: %s", err, r.Summary())
	}
	if strings.Contains(n.left, key.Secret()) || strings.Contains(r.Summary(), key.Secret()) {
		t.Error("the secret key is told")
	}
	s.fault = failing("cosignatures", 409, "refused", "other_cosigner")
	if r := n.run(t, s.URL, nil, false); r.ExitCode != 0 || r.Proof.Cosigned || !slices.ContainsFunc(r.Notes, func(n safetynet.Note) bool { return n.Code == "not_cosigned" }) {
		t.Errorf("the server does not take it: %s", r.Summary())
	}
}

func TestState_keeps_the_signed_head(t *testing.T) {
	_, n := witnessed(t)
	file := filepath.Join(t.TempDir(), "state.json")
	if err := n.state.Write(file); err != nil {
		t.Fatal(err)
	}
	again, err := safetynet.ReadState(file)
	if err != nil || again.Checkpoint != n.state.Checkpoint || !slices.Equal(texts(again.Keys), texts(n.state.Keys)) {
		t.Fatalf("%+v, %v", again, err)
	}
	for name, change := range map[string]func(*safetynet.State){
		"another size":     func(s *safetynet.State) { s.Checkpoint = strings.Replace(s.Checkpoint, "\n2\n", "\n1\n", 1) },
		"no keys":          func(s *safetynet.State) { s.Keys = nil },
		"keys, no head":    func(s *safetynet.State) { s.Checkpoint = "" },
		"a stranger's key": func(s *safetynet.State) { s.Keys = []proof.PublicKey{proof.NewKey(logOrigin).Public()} },
	} {
		changed := n.state
		change(&changed)
		if err := changed.Write(file); err != nil {
			t.Fatal(err)
		}
		if _, err := safetynet.ReadState(file); err == nil || books.AsError(err).Code != "bad_state" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
