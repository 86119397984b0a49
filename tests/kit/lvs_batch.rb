# Runs the LVS deck on many cells in one KLayout: klayout -b -r lvs_batch.rb -rd deck=<file> -rd list=<file>
# Each line of the list: layout, netlist and evidence, with tabs between them.

File.readlines($list, chomp: true).each do |line|
  $input, $schematic, $evidence = line.split("\t")
  RBA::Macro::new($deck).run
end
