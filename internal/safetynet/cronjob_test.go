package safetynet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

type container struct {
	Name, Image string
	Args        []string
	EnvFrom     []struct {
		SecretRef struct{ Name string } `yaml:"secretRef"`
	} `yaml:"envFrom"`
	Env             []struct{ Name, Value string }
	SecurityContext struct {
		Escalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly   bool  `yaml:"readOnlyRootFilesystem"`
		Privileged bool
		Drop       struct{ Drop []string } `yaml:"capabilities"`
	} `yaml:"securityContext"`
	Mounts []struct {
		Name string
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}
type cronJob struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Schedule    string
		Zone        string `yaml:"timeZone"`
		Concurrency string `yaml:"concurrencyPolicy"`
		Late        int    `yaml:"startingDeadlineSeconds"`
		Template    struct {
			Spec struct {
				Backoff  *int `yaml:"backoffLimit"`
				Deadline int  `yaml:"activeDeadlineSeconds"`
				Template struct {
					Spec struct {
						Restart         string `yaml:"restartPolicy"`
						Token           *bool  `yaml:"automountServiceAccountToken"`
						SecurityContext struct {
							NonRoot bool                  `yaml:"runAsNonRoot"`
							User    int                   `yaml:"runAsUser"`
							Group   int                   `yaml:"fsGroup"`
							Seccomp struct{ Type string } `yaml:"seccompProfile"`
						} `yaml:"securityContext"`
						Containers []container
						Volumes    []struct {
							Name  string
							Claim struct {
								Name string `yaml:"claimName"`
							} `yaml:"persistentVolumeClaim"`
						}
					}
				}
			}
		} `yaml:"jobTemplate"`
	}
}

type volumeClaim struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		Access    []string `yaml:"accessModes"`
		Resources struct{ Requests map[string]string }
	}
}

func TestCronJob_is_one_that_Kubernetes_takes_and_may_little(t *testing.T) {
	var job cronJob
	source := text(t, deploy+"safetynet-cronjob.yaml")
	decoder := yaml.NewDecoder(strings.NewReader(source))
	decoder.KnownFields(true) // a key that is misspelt is no key
	if err := decoder.Decode(&job); err != nil {
		t.Fatal(err)
	}
	var claim volumeClaim
	if err := decoder.Decode(&claim); err != nil {
		t.Fatal(err)
	}
	if claim.APIVersion != "v1" || claim.Kind != "PersistentVolumeClaim" || fmt.Sprint(claim.Spec.Access) != "[ReadWriteOnce]" || claim.Spec.Resources.Requests["storage"] == "" {
		t.Errorf("the claim is %+v", claim)
	}
	s := job.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "CronJob" || job.Metadata.Name == "" {
		t.Errorf("it is a %s %s", job.APIVersion, job.Kind)
	}
	comesOnDays2To7(t, s.Schedule)
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" {
		t.Errorf("its zone is %q, %v", s.Zone, err)
	}
	if s.Concurrency != "Forbid" || s.Late < 600 || s.Template.Spec.Backoff == nil || *s.Template.Spec.Backoff != 0 || s.Template.Spec.Deadline != 1800 {
		t.Errorf("it may run twice, or for ever, or not at all: %+v", s)
	}
	pod := s.Template.Spec.Template.Spec
	if pod.Restart != "Never" || !pod.SecurityContext.NonRoot || pod.SecurityContext.User == 0 || pod.SecurityContext.Seccomp.Type != "RuntimeDefault" || pod.Token == nil || *pod.Token {
		t.Errorf("the pod may %+v", pod)
	}
	if len(pod.Containers) != 1 || len(pod.Volumes) != 1 || pod.Volumes[0].Claim.Name != claim.Metadata.Name {
		t.Fatalf("it has %d containers and keeps its state in %+v", len(pod.Containers), pod.Volumes)
	}
	c := pod.Containers[0]
	may := c.SecurityContext
	if may.Escalation == nil || *may.Escalation || !may.ReadOnly || may.Privileged || fmt.Sprint(may.Drop.Drop) != "[ALL]" {
		t.Errorf("the container may %+v", may)
	}
	if len(c.EnvFrom) != 1 || c.EnvFrom[0].SecretRef.Name == "" || len(c.Mounts) != 1 || c.Mounts[0].Name != pod.Volumes[0].Name {
		t.Errorf("its settings come from %+v, its state from %+v", c.EnvFrom, c.Mounts)
	}
	for _, e := range c.Env {
		if e.Name != "TZ" {
			t.Errorf("%s stands in the file, and belongs into the secret", e.Name)
		}
	}
	command := strings.Join(c.Args, " ")
	knowsFlags(t, command)
	if !strings.Contains(command, "--state "+c.Mounts[0].Path+"/") {
		t.Errorf("the state is not kept in the volume: %s", command)
	}
}
