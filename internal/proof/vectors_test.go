package proof_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"extrato/internal/proof"
)

type vectors struct {
	Leaves      []string
	Roots       []string
	Consistency []struct {
		Size1, Size2 int64
		Proof        []proof.Hash
	}
	Inclusion []struct {
		Index, Size int64
		Proof       []proof.Hash
	}
	Log, Cosigner, Note string
	CosignerSeed        string `json:"cosigner_seed"`
	LogSeed             string `json:"log_seed"`
	CosignedAt          int64  `json:"cosigned_at"`
}

func publicVectors(t *testing.T) (v vectors) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (v vectors) head(t *testing.T, size int64) proof.Head {
	t.Helper()
	root, err := hex.DecodeString(v.Roots[size])
	if err != nil {
		t.Fatal(err)
	}
	return proof.Head{Origin: "x", Size: size, Root: proof.Hash(root)}
}

func (v vectors) leaves(t *testing.T) (all [][]byte) {
	t.Helper()
	for _, text := range v.Leaves {
		leaf, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, leaf)
	}
	return all
}

func TestPublic_vectors_roots_and_proofs(t *testing.T) {
	v := publicVectors(t)
	leaves := v.leaves(t)
	tree := proof.TreeOfLeaves(leaves)
	for size := range int64(len(v.Roots)) {
		if got, want := tree.Head("x", size), v.head(t, size); got != want {
			t.Errorf("size %d: %v, want %v", size, got.Root, want.Root)
		}
	}
	for _, c := range v.Consistency {
		if got := tree.Consistency(c.Size1, c.Size2); !slices.Equal(got, c.Proof) {
			t.Errorf("from %d to %d: %v", c.Size1, c.Size2, got)
		}
	}
	for _, i := range v.Inclusion {
		if got := tree.Inclusion(i.Size, i.Index+1); !slices.Equal(got, i.Proof) {
			t.Errorf("%d in %d: %v", i.Index, i.Size, got)
		}
	}
}

// The published vectors change a good proof in these ways; none may pass.
func TestPublic_vectors_spoilt_proofs_are_refused(t *testing.T) {
	v := publicVectors(t)
	leaves, tried := v.leaves(t), 0
	for _, c := range v.Consistency {
		older, newer := v.head(t, c.Size1), v.head(t, c.Size2)
		if err := proof.CheckConsistency(older, newer, c.Proof); err != nil {
			t.Errorf("from %d to %d: %v", c.Size1, c.Size2, err)
		}
		for name, path := range spoilt(c.Proof, older.Root, newer.Root) {
			if tried++; proof.CheckConsistency(older, newer, path) == nil {
				t.Errorf("from %d to %d: %s passes", c.Size1, c.Size2, name)
			}
		}
		for name, sizes := range map[string][2]int64{"size1 - 1": {-1, 0}, "size1 + 1": {1, 0}, "size2 * 2": {0, c.Size2}, "size2 / 2": {0, -c.Size2 / 2}} {
			a, b := older, newer
			a.Size, b.Size = a.Size+sizes[0], b.Size+sizes[1]
			if tried++; a != b && proof.CheckConsistency(a, b, c.Proof) == nil {
				t.Errorf("from %d to %d: %s passes", c.Size1, c.Size2, name)
			}
		}
		if a, b := older, newer; a.Root != b.Root {
			a.Root, b.Root = b.Root, a.Root
			if tried++; proof.CheckConsistency(a, b, c.Proof) == nil {
				t.Errorf("from %d to %d: swapped roots pass", c.Size1, c.Size2)
			}
		}
	}
	for _, i := range v.Inclusion {
		h := v.head(t, i.Size)
		if !proof.InTree(h, i.Index, leaves[i.Index], i.Proof) {
			t.Errorf("%d in %d: the good proof is refused", i.Index, i.Size)
		}
		for name, path := range spoilt(i.Proof, h.Root, proof.Hash{}) {
			if tried++; proof.InTree(h, i.Index, leaves[i.Index], path) {
				t.Errorf("%d in %d: %s passes", i.Index, i.Size, name)
			}
		}
		for _, index := range []int64{i.Index - 1, i.Index + 1, i.Index ^ 2} {
			if tried++; proof.InTree(h, index, leaves[i.Index], i.Proof) {
				t.Errorf("%d in %d: passes as %d", i.Index, i.Size, index)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d were tried", tried)
	}
}

func spoilt(path []proof.Hash, root1, root2 proof.Hash) map[string][]proof.Hash {
	all := map[string][]proof.Hash{
		"trailing garbage":  append(slices.Clone(path), proof.Hash{}),
		"trailing root1":    append(slices.Clone(path), root1),
		"trailing root2":    append(slices.Clone(path), root2),
		"preceding garbage": append([]proof.Hash{{}}, path...),
		"preceding root1":   append([]proof.Hash{root1}, path...),
	}
	if len(path) == 0 {
		return all
	}
	all["empty"] = nil
	all["truncated"] = path[:len(path)-1]
	for i := range path {
		changed := slices.Clone(path)
		changed[i][0] ^= 1 << 4
		all["bit 4 of hash "+string(rune('0'+i))] = changed
	}
	return all
}

func TestPublic_vectors_a_note_of_another_program_is_read_and_made_again(t *testing.T) {
	v := publicVectors(t)
	log, err := proof.ParsePublicKey(v.Log)
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := proof.ParsePublicKey(v.Cosigner)
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.Open(v.Note, log, cosigner)
	at := time.Unix(v.CosignedAt, 0).UTC()
	if err != nil || len(c.Signed) != 1 || len(c.Cosigned) != 1 || !c.Cosigned[0].At.Equal(at) || c.Root != v.head(t, 8).Root {
		t.Fatalf("%+v, %v", c, err)
	}
	mine, err := proof.Sign(c.Head, proof.KeyOf(log.Name(), v.LogSeed, false))
	if err != nil {
		t.Fatal(err)
	}
	mine, err = proof.Cosign(mine, proof.KeyOf(cosigner.Name(), v.CosignerSeed, true), at)
	if err != nil || mine != v.Note {
		t.Errorf("%v\n%s\nwant\n%s", err, mine, v.Note)
	}
	if _, err := note.NewVerifier(log.String()); err != nil {
		t.Errorf("the library does not read the key: %v", err)
	}
	if _, err := note.NewSigner(proof.KeyOf(log.Name(), v.LogSeed, false).Secret()); err != nil {
		t.Errorf("the library does not read the private key: %v", err)
	}
}
