"""What the types from the open gate to the deal need of each other, so that their records can be planted and acted on one by one:
which records they refer to, and the few values on which a step depends."""
import datetime

TYPES = ('manager', 'call', 'appointment', 'validation_project', 'task', 'service_order', 'training', 'transfer_contract')    # planted in this order


def gate_is_open(truth, id_):
    return any(gate['result'] == id_ and gate['state'] == 'open' for gate in truth.records['gate_review'])


def may_prepare(truth, id_):
    return not any(gate['result'] == id_ and gate['state'] == 'prepared' for gate in truth.records['gate_review'])


PICKS = {('gate_review', 'result'): may_prepare,
         ('appointment', 'result'): gate_is_open, ('validation_project', 'result'): gate_is_open, ('appointment', 'manager'): 'active',
         ('validation_project', 'project_manager'): 'active', ('training', 'trainer'): 'active',
         ('validation_project', 'call'): 'open',
         ('task', 'validation_project'): lambda truth, id_: truth.by_id[id_]['state'] in ('running', 'held')}
VALUES = {('manager', 'certificate_to'): lambda today: (today + datetime.timedelta(days=400)).isoformat(),
          ('appointment', 'checked'): lambda today: True,
          ('appointment', 'ends_on'): lambda today: today.isoformat(),
          ('call', 'closes_on'): lambda today: today.isoformat(),
          ('service_order', 'needed_by'): lambda today: today.isoformat(),
          ('service_order', 'quote_until'): lambda today: today.isoformat(),
          ('nda', 'valid_to'): lambda today: today.isoformat(),
          ('rubric', 'weight'): lambda today: 50,       # of two rows
          ('trl_assessment', 'scale'): lambda today: None,      # may be retired by then
          ('document', 'replaces'): lambda today: None,
          ('training', 'attended'): lambda today: '1.0',
          ('transfer_contract', 'pricing'): lambda today: 'listed',
          ('transfer_contract', 'share'): lambda today: '50.00',
          ('validation_project', 'appointment'): lambda today: None,
          ('task', 'after'): lambda today: None,
          ('trial', 'after'): lambda today: None,
          ('objection', 'transfer_contract'): lambda today: None}
