# One KLayout that runs decks in copies of itself: klayout -b -r klayout_server.rb -rd socket=<descriptor>
#
# A connection brings the descriptors of the client's stdout and stderr, then a request, one line of JSON: the working
# directory, the variables of -rd, the deck. The answer is the exit status. A deck runs in a fork, so that it finds KLayout
# as if it had just been started.

require "json"
require "socket"

def run_deck(request, out, err)
  Dir.chdir(request["cwd"])
  STDOUT.reopen(out)
  STDERR.reopen(err)
  request["variables"].each { |name, value| eval("$#{name} = value") }
  begin
    RBA::Macro::new(request["deck"]).run
    status = 0
  rescue Exception => error
    STDERR.puts("ERROR: #{error.message}", *(error.backtrace || []).first(1).map { |line| "  #{line}" })
    status = 1
  end
  [$stdout, $stderr, STDOUT, STDERR].each(&:flush)
  exit!(status)
end

# Waits for the deck; ends it if the client goes away first, as it does when its time is over.
def attend(link)
  out, err = link.recv_io, link.recv_io
  request = JSON.parse(link.gets)
  deck = fork { run_deck(request, out, err) }
  until (ended = Process.wait2(deck, Process::WNOHANG))
    Process.kill("KILL", deck) if IO.select([link], nil, nil, 0.005) && link.eof?
  end
  status = ended[1]
  link.write((status.exitstatus || -status.termsig).to_s)
  exit!(0)
end

server = UNIXServer::for_fd($socket.to_i)
ready = nil
until ready&.include?(STDIN)
  ready = IO.select([server, STDIN], nil, nil, 0.1)&.first
  if ready&.include?(server)
    link = server.accept
    fork { attend(link) }
    link.close
  end
  nil while (Process.wait(-1, Process::WNOHANG) rescue nil) # so that their time counts as this process's
end
Process.waitall
