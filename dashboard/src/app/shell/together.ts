// Small parts that some pages share. Every page names this file, so that they
// lie with what all share, not each in a file of its own to be asked for.
import '../access/words';
import '../link/address';
import '../link/credentials';
import '../link/frames';
import '../live/palette';
import '../live/ranges';
import '../live/ticks';
import '../views/part';
import './model-select';
