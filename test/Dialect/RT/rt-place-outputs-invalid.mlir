// RUN: moe-opt %s --rt-place-outputs --split-input-file --verify-diagnostics

// expected-error @+1 {{expects result 0 to be a memref with the identity layout, got 'f32'}}
func.func @main(%x: f32) -> f32 attributes {rt.entry} {
  return %x : f32
}

// -----

// expected-error @+1 {{expects an entry to return in one place}}
func.func @main(%x: memref<4xf32>, %c: i1) -> memref<4xf32> attributes {rt.entry} {
  cf.cond_br %c, ^a, ^b
^a:
  return %x : memref<4xf32>
^b:
  return %x : memref<4xf32>
}

// -----

func.func @main() attributes {rt.entry} {
  return
}
func.func private @f() {
  // expected-error @+1 {{calls the entry @main, whose outputs belong to a run}}
  call @main() : () -> ()
  return
}

// -----

// expected-error @+1 {{has both results and rt.outputs}}
func.func @main(%x: memref<4xf32>) -> memref<4xf32> attributes {rt.entry, rt.outputs = []} {
  return %x : memref<4xf32>
}
