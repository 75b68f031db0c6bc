package auth

import (
	"strings"
	"testing"
)

func TestA_password_is_kept_as_o_w_a_s_p_says(t *testing.T) {
	const form = "$argon2id$v=19$m=19456,t=2,p=1$"
	first, err := HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	second, err := HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, form) || first == second || strings.Contains(first, "horse") {
		t.Errorf("%s and %s", first, second)
	}
	// Who has no password costs as much as who has one.
	if !strings.HasPrefix(nobody, form) || len(nobody) != len(first) {
		t.Errorf("nobody is %s", nobody)
	}
	if cap(hashing) != 2 {
		t.Errorf("%d at a time", cap(hashing))
	}
	for password, want := range map[string]bool{"correct horse battery": true, "correct horse batterx": false, "": false, "correct horse battery\x00": false} {
		if right, err := matches(password, first); right != want || err != nil {
			t.Errorf("%q: %v %v", password, right, err)
		}
	}
	for _, password := range []string{"", "123456789", strings.Repeat("a", 201)} {
		if _, err := HashPassword(password); err == nil {
			t.Errorf("%.20q was taken", password)
		}
	}
}

func TestA_hash_that_cannot_be_read_lets_nobody_in(t *testing.T) {
	good, err := HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "x", "scrypt:32768:8:1$a$b", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=19456", "m=4294967295", 1), strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1),
		good + "$", good[:len(good)-1] + "!",
	} {
		if right, err := matches("correct horse battery", bad); right || err == nil {
			t.Errorf("%q: %v %v", bad, right, err)
		}
	}
}
