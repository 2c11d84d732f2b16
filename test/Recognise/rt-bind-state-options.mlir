// RUN: not moe-opt %s --rt-bind-state="pairs=auto max=future=4" 2>&1 | FileCheck %s --check-prefix=MAX
// RUN: not moe-opt %s --rt-bind-state="pairs=auto max=past=0" 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not moe-opt %s --rt-bind-state="pairs=past=present,past=present" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not moe-opt %s --rt-bind-state="pairs=p*t=present" 2>&1 | FileCheck %s --check-prefix=STARS
// RUN: not moe-opt %s --rt-bind-state="pairs=past=y" 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not moe-opt %s --rt-bind-state="pairs=x=y" 2>&1 | FileCheck %s --check-prefix=MADE

// MAX: max: no bound state grows along a dimension 'future'; they grow along 'past'
// ZERO: max 'past=0': expects DIM=N with N at least 1
// TWICE: state 'past=present': the input is bound already
// STARS: state 'p*t=present': expects PAST=PRESENT, each with one '*' or none
// TYPE: the output must be a concatenation of the input and what a run adds to it; it is made by 'onnx.unary'
// MADE: the output must be a concatenation of the input

func.func @main(%x: tensor<?xf32> {rt.name = "x"}, %past: tensor<?xf32> {rt.name = "past", rt.dim_names = ["past"]})
    -> (tensor<?xf32> {rt.name = "y"}, tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  %0 = onnx.concat %past, %x {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = onnx.unary neg %x : (tensor<?xf32>) -> tensor<?xf32>
  return %1, %0 : tensor<?xf32>, tensor<?xf32>
}
