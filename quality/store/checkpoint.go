package store

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"penstock/quality"
)

// A checkpoint is a file: what the caller wrote, then a trailer in JSON, its length in
// 4 bytes and 4 bytes of checksum over all before it (CRC-32C, RFC 3720, appendix
// B.4), little endian.

// trailer tells what a checkpoint belongs to.
type trailer struct {
	Form     int
	Database string // the id that was drawn when it was made
	Through  int64  // the newest chunk that it has seen
}

const checkpointForm = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checkpoint keeps what write writes in a file beside the database, in place of the one
// before: LoadCheckpoint gives it back, and Replay what was written to the database
// afterwards. In memory nothing is kept.
//
// What is kept goes on changing, so that write takes, in one step, the state and the
// batch of what led to it since the last batch was taken. The batch is written first, so
// that state and database always tell the same. After an error the checkpoint before is
// still there, and the batch waits as one that Run could not write. Write must not use
// the store, and nobody may who holds a lock that write or the take of Run wants.
func (s *Store) Checkpoint(write func(w io.Writer, since *quality.Batch) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	var since quality.Batch
	if s.options.Dir == "" {
		err := write(io.Discard, &since)
		return errors.Join(err, s.offer(&since))
	}
	if err := s.drain(); err != nil {
		return err
	}
	return explained(s.options.Dir, s.checkpoint(func(w io.Writer) error { return write(w, &since) }, &since))
}

func (s *Store) checkpoint(write func(io.Writer) error, since *quality.Batch) (err error) {
	file, err := os.CreateTemp(s.options.Dir, checkpointName+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	sum := crc32.New(castagnoli)
	buffer := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<16)
	err = write(buffer)
	if err := s.offer(since); err != nil { // even after an error: it was taken
		return err
	}
	if err != nil {
		return err
	}
	through, err := s.finish(buffer)
	if err != nil {
		return err
	}
	if err := binary.Write(file, binary.LittleEndian, sum.Sum32()); err != nil {
		return err
	}
	if err := replace(file, filepath.Join(s.options.Dir, checkpointName)); err != nil {
		return err
	}
	s.seen = through
	return nil
}

// finish writes the trailer, and returns the newest chunk, which is known only now.
func (s *Store) finish(buffer *bufio.Writer) (through int64, err error) {
	if _, err := s.writer.connection(context.Background()); err != nil {
		return 0, err
	}
	if _, err := s.writer.value(&through, newest); err != nil {
		return 0, err
	}
	text, err := json.Marshal(trailer{Form: checkpointForm, Database: s.id, Through: through})
	if err != nil {
		return 0, err
	}
	text = binary.LittleEndian.AppendUint32(text, uint32(len(text)))
	if _, err := buffer.Write(text); err != nil {
		return 0, err
	}
	return through, buffer.Flush()
}

// newest is the number of the newest chunk that there ever was.
const newest = "SELECT seq FROM sqlite_sequence WHERE name = 'chunk'"

// replace puts a file that was written in the place of another, so that after a loss of
// power there is the one or the other.
func replace(file *os.File, path string) error {
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	_ = folder.Sync() // there are systems that cannot
	return nil
}

// LoadCheckpoint gives read what Checkpoint kept, and reports whether there was
// something. A checkpoint that is damaged, or of another database, is a *CheckpointError,
// and read is not called.
func (s *Store) LoadCheckpoint(read func(io.Reader) error) (found bool, err error) {
	file, t, size, err := s.openCheckpoint()
	if file == nil || err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	if err := s.belongs(t); err != nil {
		return false, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	return true, read(bufio.NewReaderSize(io.LimitReader(file, size), 1<<16))
}

// openCheckpoint opens the checkpoint, and checks it; nil if there is none. Size is
// that of what the caller wrote.
func (s *Store) openCheckpoint() (file *os.File, t trailer, size int64, err error) {
	if s.options.Dir == "" {
		return nil, t, 0, nil
	}
	file, err = os.Open(filepath.Join(s.options.Dir, checkpointName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, t, 0, nil
	}
	if err != nil {
		return nil, t, 0, err
	}
	t, size, err = readTrailer(file)
	if err != nil {
		_ = file.Close()
		return nil, t, 0, err
	}
	return file, t, size, nil
}

// mostTrailer bounds the trailer's bytes.
const mostTrailer = 4096

func readTrailer(file io.ReadSeeker) (t trailer, size int64, err error) {
	all, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return t, 0, err
	}
	if all < 8 {
		return t, 0, &CheckpointError{Reason: "is cut off"}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return t, 0, err
	}
	sum := crc32.New(castagnoli)
	if _, err := io.CopyN(sum, file, all-4); err != nil {
		return t, 0, err
	}
	var want uint32
	if err := binary.Read(file, binary.LittleEndian, &want); err != nil {
		return t, 0, err
	}
	if sum.Sum32() != want {
		return t, 0, &CheckpointError{Reason: "is damaged: its checksum is wrong"}
	}
	if _, err := file.Seek(all-8, io.SeekStart); err != nil {
		return t, 0, err
	}
	var length uint32
	if err := binary.Read(file, binary.LittleEndian, &length); err != nil {
		return t, 0, err
	}
	size = all - 8 - int64(length)
	if length > mostTrailer || size < 0 {
		return t, 0, &CheckpointError{Reason: "is damaged: it has no end"}
	}
	text := make([]byte, length)
	if _, err := file.Seek(size, io.SeekStart); err != nil {
		return t, 0, err
	}
	if _, err := io.ReadFull(file, text); err != nil {
		return t, 0, err
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, 0, &CheckpointError{Reason: "is damaged: " + err.Error()}
	}
	return t, size, nil
}

// belongs checks that a checkpoint is of this database, and not of one before or after.
func (s *Store) belongs(t trailer) error {
	if t.Form != checkpointForm {
		return &CheckpointError{Reason: fmt.Sprintf("has form %d; this program reads form %d", t.Form, checkpointForm)}
	}
	if t.Database != s.id {
		return &CheckpointError{Reason: "is of another database"}
	}
	var through int64
	err := s.ask(context.Background(), func(conn *sql.Conn) error {
		err := conn.QueryRowContext(context.Background(), newest).Scan(&through)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return explained(s.options.Dir, err)
	}
	if through < t.Through {
		return &CheckpointError{Reason: "is newer than the database, which seems to be a copy from before"}
	}
	return nil
}
