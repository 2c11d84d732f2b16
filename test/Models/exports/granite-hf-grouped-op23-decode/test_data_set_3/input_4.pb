B%input.past_key_values.layers.0.valuesJ0ÞE#@«¥@ð÷’¾SW¼?ÒO?¨p(>]¨œ?uï¡? |!?åö¾|à°?
ï{¾