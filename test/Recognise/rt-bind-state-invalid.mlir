// RUN: moe-opt %s --rt-bind-state=pairs=past=present --split-input-file --verify-diagnostics

// expected-error @+1 {{state 'past=present': no input is called 'past'; there are x, y}}
func.func @main(%x: tensor<?xf32> {rt.name = "x"}, %y: tensor<?xf32> {rt.name = "y"})
    -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  return %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{state 'past=present': there is no output 'present' for input 'past'}}
func.func @main(%x: tensor<?xf32> {rt.name = "past"}) -> (tensor<?xf32> {rt.name = "y"}) attributes {rt.entry} {
  return %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{the output must be a concatenation of the input and what a run adds to it; it is made by 'onnx.unary'}}
func.func @main(%x: tensor<?xf32> {rt.name = "past"}) -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  %0 = onnx.unary neg %x : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<?xf32> {rt.name = "x"}, %past: tensor<?xf32> {rt.name = "past"})
    -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{state 'past=present': the output must be a concatenation whose first operand is the input}}
  %0 = onnx.concat %x, %past {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%past: tensor<?xf32> {rt.name = "past"}) -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{the output must be the input and, behind it, something else}}
  %0 = onnx.concat %past, %past {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<?xf32> {rt.name = "x"}, %past: tensor<4xf32> {rt.name = "past"})
    -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{dimension 0 of the input, which grows, is fixed at 4}}
  %0 = onnx.concat %past, %x {axis = 0 : i64} : (tensor<4xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<?x?xf32> {rt.name = "x", rt.dim_names = ["b", ""]},
                %past: tensor<?x?xf32> {rt.name = "past", rt.dim_names = ["batch", ""]})
    -> (tensor<?x?xf32> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{no other input has the dimension 'batch' of the input, so a run cannot know its size}}
  %0 = onnx.concat %past, %x {axis = 1 : i64} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @main(%x: tensor<?xui8> {rt.name = "x"}, %past: tensor<?xui8> {rt.name = "past"})
    -> (tensor<?xui8> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{there is no state of 'ui8'}}
  %0 = onnx.concat %past, %x {axis = 0 : i64} : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  return %0 : tensor<?xui8>
}

// -----

rt.state @past : tensor<?xf32> {axis = 0, capacity = 4}
func.func @main(%x: tensor<?xf32> {rt.name = "x"}, %past: tensor<?xf32> {rt.name = "past"})
    -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{the module has another symbol of the input's name}}
  %0 = onnx.concat %past, %x {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @f() attributes {rt.entry} {
  return
}
// expected-error @+1 {{states are bound in modules with one entry; this is another}}
func.func @main() attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{there is no entry whose state could be bound}}
module {
  func.func @f() {
    return
  }
}

// -----

func.func @main(%x: tensor<*xf32> {rt.name = "x"}, %past: tensor<*xf32> {rt.name = "past"})
    -> (tensor<*xf32> {rt.name = "present"}) attributes {rt.entry} {
  // expected-error @+1 {{state 'past=present': the rank is not known; run onnx-infer-shapes first}}
  %0 = onnx.concat %past, %x {axis = 0 : i64} : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// expected-error @+1 {{states are bound in entries without control flow}}
func.func @main(%past: tensor<?xf32> {rt.name = "past"}, %c: i1 {rt.name = "c"}) -> (tensor<?xf32> {rt.name = "present"})
    attributes {rt.entry} {
  cf.cond_br %c, ^a, ^b
^a:
  return %past : tensor<?xf32>
^b:
  return %past : tensor<?xf32>
}
