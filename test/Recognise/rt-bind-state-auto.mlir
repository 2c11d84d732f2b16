// RUN: moe-opt %s --rt-bind-state=pairs=auto --verify-diagnostics

// Rows before what there was, not behind it.
// expected-error @+1 {{state 'auto': no output is an input with rows added behind it; name the pairs with PAST=PRESENT to see why}}
func.func @main(%x: tensor<?xf32> {rt.name = "x"}, %past: tensor<?xf32> {rt.name = "past"})
    -> (tensor<?xf32> {rt.name = "present"}) attributes {rt.entry} {
  %one = onnx.constant dense<1.0> : tensor<1xf32>
  %0 = onnx.concat %one, %past {axis = 0 : i64} : (tensor<1xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
